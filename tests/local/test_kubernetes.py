"""The Kubernetes manifests: valid by the cluster's own schemas, and the same processes as the compose file's."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from core.comparisons.lanes import PRIORITIES
from core.messaging.broker import Queues
from core.settings import CHECKOUT
from core.settings.reading import variables

MANIFESTS = CHECKOUT / "infra" / "kubernetes"
OVERLAYS = ("base", "gpu", "image-urls", "observability")
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
VERSION = "1.37.0"
#: Resources of KEDA's, whose schemas the cluster's own do not have.
KEDA = ("ScaledObject", "TriggerAuthentication")


def resources(file: Path) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(file.read_text(encoding="utf-8")) if found]


FILES = sorted(path for path in MANIFESTS.rglob("*.yaml") if path.name != "kustomization.yaml")
RESOURCES = [resource for file in FILES for resource in resources(file)]
DEPLOYMENTS = {r["metadata"]["name"]: r["spec"] for r in RESOURCES if r["kind"] == "Deployment"}


def container(name: str) -> dict[str, Any]:
    found: dict[str, Any] = DEPLOYMENTS[name]["template"]["spec"]["containers"][0]
    return found


def own(rendered: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (resource for resource in rendered if resource["kind"] not in KEDA)


@pytest.mark.parametrize("resource", list(own(RESOURCES)), ids=lambda r: f"{r['kind']}-{r['metadata']['name']}")
def test_every_manifest_is_valid(resource: dict[str, Any]) -> None:
    kubernetes_validate.validate(resource, VERSION, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS[1:])  # each has the base in it
def test_every_overlay_can_be_rendered_and_is_valid(overlay: str) -> None:
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kubectl is not installed, which renders the overlays")
    ran = subprocess.run([kubectl, "kustomize", MANIFESTS / overlay], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for resource in own([found for found in yaml.safe_load_all(ran.stdout) if found]):
        kubernetes_validate.validate(resource, VERSION, strict=True)


def test_every_file_is_listed() -> None:
    for overlay in OVERLAYS:
        listed = set(resources(MANIFESTS / overlay / "kustomization.yaml")[0]["resources"]) - {"../base"}
        assert listed == {p.name for p in (MANIFESTS / overlay).glob("*.yaml")} - {"kustomization.yaml"}


def test_the_deployments_are_the_compose_files_processes() -> None:
    # A cluster has more workers instead of a surplus.
    others = {"flower", "redis", "s3", "s3-volume", "bucket", "packs", "tools", "surplus"}
    assert set(DEPLOYMENTS) == set(COMPOSE) - others
    for name in DEPLOYMENTS:
        by_default = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE[name]["command"])
        assert container(name)["command"] == shlex.split(by_default), name
        assert (
            container(name)["image"]
            == COMPOSE[name]["image"].replace("${IMAGES:-likeness}", "likeness").partition(":")[0]
        )


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_process_gets_the_secrets_and_files_that_it_gets_in_compose(name: str) -> None:
    pod = DEPLOYMENTS[name]["template"]["spec"]
    [mounted] = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert {item["key"] for item in mounted["items"]} == set(COMPOSE[name]["secrets"])
    told = {entry["name"]: entry["value"] for entry in container(name)["env"]}
    environment = COMPOSE[name]["environment"]
    assert {k: v for k, v in told.items() if k.endswith("_FILE")} == {
        k: v for k, v in environment.items() if k.endswith("_FILE")
    }
    known = {variable.name for variable in variables()}
    assert {key.removesuffix("_FILE") for key in told if key.startswith("LIKENESS_")} <= known | {"LIKENESS_ALIVE"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_is_closed_and_has_limits_and_probes(name: str) -> None:
    pod = DEPLOYMENTS[name]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    for each in [*pod.get("initContainers", ()), *pod["containers"]]:
        assert each["securityContext"]["readOnlyRootFilesystem"]
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert each["resources"]["limits"]["memory"]
    assert container(name)["livenessProbe"]
    settings = dict(line.split("=", 1) for line in (MANIFESTS / "base/settings.env").read_text().split())
    assert pod["terminationGracePeriodSeconds"] > float(settings["LIKENESS_SHUTDOWN_GRACE_S"])


def test_workers_are_scaled_by_what_waits_for_them() -> None:
    [scaled] = [resource["spec"] for resource in RESOURCES if resource["kind"] == "ScaledObject"]
    lists = {trigger["metadata"]["listName"] for trigger in scaled["triggers"]}
    behind = {f"{Queues.COMPARISONS_BUSY}\x06\x16{priority}" for priority in PRIORITIES[1:]}
    assert lists == {Queues.COMPARISONS, Queues.COMPARISONS_BUSY, *behind}
    assert "replicas" not in DEPLOYMENTS[scaled["scaleTargetRef"]["name"]], "two would decide"
