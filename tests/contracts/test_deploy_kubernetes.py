"""The manifests are what Kubernetes takes, strictly, and hold what their comments promise.

No cluster is asked: the check is that of the published schemas.
"""

import copy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
VERSIONS = ("1.29", "1.37")
"""The oldest that we look at, and the newest that the package knows."""


def document(name: str) -> dict[str, Any]:
    """The one document of a manifest."""
    (found,) = yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    return dict(found)


def deployment() -> dict[str, Any]:
    """The deployment."""
    return document("rolecall-notion.yaml")


def pod() -> dict[str, Any]:
    """The pod that the deployment makes."""
    return dict(deployment()["spec"]["template"]["spec"])


def container() -> dict[str, Any]:
    """Its one container."""
    (only,) = pod()["containers"]
    return dict(only)


def settings() -> dict[str, str]:
    """What the container's environment says, without what the Secret adds."""
    return {one["name"]: one.get("value", "") for one in container()["env"]}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_each_manifest_is_valid(path: Path, version: str):
    """Strictly: no unknown field, no value of a wrong type."""
    checked = kubernetes_validate.validate(document(path.name), version, strict=True)

    assert checked.startswith(version)


def test_there_are_three():
    """Secret, volume and deployment."""
    assert {document(path.name)["kind"] for path in FILES} == {
        "Secret",
        "PersistentVolumeClaim",
        "Deployment",
    }


def test_a_boolean_label_is_refused():
    """The label of the Go connector's instructions, `baton: true`, is no valid one."""
    planted = deployment()
    planted["spec"]["template"]["metadata"]["labels"]["baton"] = True

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(planted, VERSIONS[-1], strict=True)


def test_a_boolean_in_a_secret_is_refused():
    """So is `BATON_PROVISIONING: true`."""
    planted = document("rolecall-notion-secrets.yaml")
    planted["stringData"]["BATON_PROVISIONING"] = True

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(planted, VERSIONS[-1], strict=True)


def test_an_unknown_field_is_refused():
    """Strict means that a misspelt field is noticed."""
    planted = copy.deepcopy(deployment())
    planted["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(planted, VERSIONS[-1], strict=True)


def test_labels_and_secret_are_those_of_the_instructions():
    """The names by which ConductorOne's instructions select pods and fill the Secret are kept."""
    labels = deployment()["spec"]["template"]["metadata"]["labels"]
    secret = document("rolecall-notion-secrets.yaml")["stringData"]

    assert labels["baton"] == "true"
    assert labels["baton-app"] == "notion"
    assert set(secret) == {
        "BATON_CLIENT_ID",
        "BATON_CLIENT_SECRET",
        "BATON_SCIM_TOKEN",
        "BATON_PROVISIONING",
    }
    assert secret["BATON_PROVISIONING"] == "false"


def test_one_runs_at_a_time():
    """An update stops the old pod before it starts the new one."""
    spec = deployment()["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_pod_is_restricted():
    """Every demand of the restricted Pod Security Standard is met, and the root is read-only."""
    whole, own = pod()["securityContext"], container()["securityContext"]

    assert whole["runAsNonRoot"] is True
    assert whole["runAsUser"] > 0
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["automountServiceAccountToken"] is False


def test_journal_and_state_are_on_the_volume():
    """Both folders lie below the mount of the claim, and the claim is the one beside it."""
    claims = {
        one["name"]: one["persistentVolumeClaim"]["claimName"]
        for one in pod()["volumes"]
        if "persistentVolumeClaim" in one
    }
    mounts = [m["mountPath"] for m in container()["volumeMounts"] if m["name"] in claims]
    folders = [settings()[name] for name in ("BATON_STATE_DIR", "BATON_JOURNAL")]

    assert list(claims.values()) == [document("rolecall-notion-volume.yaml")["metadata"]["name"]]
    assert len(mounts) == 1
    assert all(Path(mounts[0]) in Path(folder).parents for folder in folders)


def test_a_temporary_folder_is_bounded():
    """With a read-only root, SQLite sorts in an emptyDir that cannot fill the node."""
    (tmp,) = [one for one in pod()["volumes"] if "emptyDir" in one]
    mounted = {one["name"]: one["mountPath"] for one in container()["volumeMounts"]}

    assert "sizeLimit" in tmp["emptyDir"]
    assert mounted[tmp["name"]] == "/" + "tmp"


def test_probes_ask_the_port_that_is_opened():
    """Each probe asks a path of the health server, and none asks Notion."""
    (port,) = container()["ports"]
    probes = [container()[name]["httpGet"] for name in ("startupProbe", "livenessProbe")]
    ready = container()["readinessProbe"]["httpGet"]

    assert settings()["BATON_HEALTH_CHECK"] == "true"
    assert settings()["BATON_HEALTH_CHECK_PORT"] == str(port["containerPort"])
    assert {probe["path"] for probe in probes} == {"/live"}
    assert ready["path"] == "/ready"
    assert {probe["port"] for probe in [*probes, ready]} == {port["name"]}


def test_there_is_time_to_hand_tasks_back():
    """The grace period is longer than the worker needs, and memory is bounded."""
    from rolecall.baton.service.worker import Limits  # noqa: PLC0415 - gRPC, for this test alone

    assert pod()["terminationGracePeriodSeconds"] > Limits().grace + 10
    assert "memory" in container()["resources"]["limits"]
