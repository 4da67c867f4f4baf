"""`notion-sim`: parses flags, turns errors into one line; serving is `notion_sim.foreground`."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import yaml

from notion_sim.options import Options, parse_switch, switches

__all__ = ["main"]

NEEDS_EXTRA = "notion-sim needs the extra `sim`: run  pip install 'rolecall[sim]'"


def _list_switches(context: click.Context, _parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401 - click
    if not value:
        return
    for each in switches():
        click.echo(
            f"{each.name}={each.allowed}  (default {each.default}; {each.fact} [{each.mark}])"
        )
        click.echo(f"    {each.text}")
    context.exit()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--users", default=120, show_default=True, help="Members of the workspace.")
@click.option("--groups", default=12, show_default=True, help="Groups.")
@click.option("--members-per-group", default=10, show_default=True, help="Members of each group.")
@click.option(
    "--seed", default=1, show_default=True, help="Everything follows from it, tokens too."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8766, show_default=True, help="Port; 0 picks a free one.")
@click.option("--skewed", is_flag=True, help="One group of everybody, a few huge ones, many empty.")
@click.option("--latency-ms", default=0.0, help="Hold each answer back.")
@click.option("--requests-per-minute", default=0, help="429 above this; 0 is no limit.")
@click.option("--plan", default="enterprise", type=click.Choice(["enterprise", "business"]))
@click.option("--drift", is_flag=True, help="The workspace changes by itself.")
@click.option("--guests", type=int, help="Page guests; a tenth of the users if not given.")
@click.option("--bots", default=2, show_default=True, help="Integrations, seen by REST only.")
@click.option(
    "--faults", "faults_file", type=click.Path(path_type=Path), help="YAML or JSON of fault rules."
)
@click.option(
    "--switch", "thrown", multiple=True, metavar="NAME=VALUE", help="One behaviour; repeatable."
)
@click.option(
    "--list-switches", is_flag=True, is_eager=True, expose_value=False, callback=_list_switches
)
@click.version_option(version("rolecall"), prog_name="notion-sim")
def main(
    host: str,
    port: int,
    faults_file: Path | None,
    thrown: tuple[str, ...],
    **sizes: Any,  # noqa: ANN401 - click's own values
) -> None:
    """Serve a simulated Notion workspace: SCIM, the users of REST, and /_sim/ to control it."""
    try:
        from notion_sim.foreground import run  # noqa: PLC0415 - needs the extra `sim`, and says so
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{NEEDS_EXTRA} ({error.name} is missing).") from error
    options = _options(sizes, thrown)
    try:
        run(options, rules=_read(faults_file) if faults_file else [], host=host, port=port)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {host}:{port}: {error.strerror}.") from error


def _options(sizes: dict[str, Any], thrown: tuple[str, ...]) -> Options:
    """Return the options that the flags ask for; a wrong switch is one sentence."""
    values: dict[str, Any] = {}
    for item in thrown:
        name, _, value = item.partition("=")
        try:
            values[name.strip()] = parse_switch(name.strip(), value)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    return replace(Options(**sizes), **values)


def _read(path: Path) -> object:
    """Return what a YAML or JSON file holds (JSON is YAML).

    Raises:
        ValueError: unreadable, or no YAML.
    """
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read as YAML or JSON: {error}") from error
