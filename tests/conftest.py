"""At the end of a run: what randomised tests have tried, and with which seed."""

import pytest
from hypothesis import settings

# A busy machine is no counter-example.
settings.register_profile("rolecall", deadline=None)
settings.load_profile("rolecall")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines that tests recorded under `told`."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    lines = [
        f"{report.nodeid.rsplit('/', 1)[-1]}: {text}"
        for report in reports
        for name, text in getattr(report, "user_properties", [])
        if name == "told" and report.when == "call"
    ]
    if lines:
        terminalreporter.write_sep("-", "randomised")
    for line in sorted(lines):
        terminalreporter.write_line(line)
