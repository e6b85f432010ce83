"""The files of deploy/ name what there is: commands, folders, figures, variables."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hub.assembly.config import HubConfig


@pytest.fixture
def deploy(checkout: Path) -> Path:
    return checkout / "deploy"


def documents(file: Path) -> list[Any]:
    return list(YAML(typ="safe").load_all(file))


def figures(checkout: Path) -> set[str]:
    """The names of what /metrics tells."""
    text = "".join(file.read_text("utf-8") for file in (checkout / "hub" / "server").rglob("*.py"))
    return set(re.findall(r"\bcrossdock_[a-z_]+", text))


def asked(expression: str) -> set[str]:
    return {name.removesuffix("_total") for name in re.findall(r"\bcrossdock_[a-z_]+", expression)}


def test_the_compose_file_runs_our_commands_over_what_it_declares(deploy: Path) -> None:
    (compose,) = documents(deploy / "compose.yaml")
    services = compose["services"]
    assert services["worker"]["command"] == ["crossdock", "worker"]
    assert services["hub"]["build"]["dockerfile"] == "deploy/Dockerfile"
    named = {volume.split(":")[0] for s in services.values() for volume in s.get("volumes", ()) if volume[0].isalpha()}
    assert named == set(compose["volumes"])
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            if volume.startswith("./"):
                assert (deploy / volume.split(":")[0]).exists(), volume
    variables = set(re.findall(r"\$\{([A-Z_]+):\?\}", (deploy / "compose.yaml").read_text("utf-8")))
    assert variables == set(
        re.findall(r"^([A-Z_]+)=", (deploy / "environment.example").read_text("utf-8"), re.MULTILINE)
    )


def test_what_hub_yaml_refers_to_is_given_to_every_process(deploy: Path) -> None:
    (compose,) = documents(deploy / "compose.yaml")
    HubConfig(store="${env:DATABASE_URL}", queue="${env:REDIS_URL}")
    for name in ("hub", "worker"):
        assert set(compose["services"][name]["environment"]) == {"DATABASE_URL", "REDIS_URL"}
    for document in documents(deploy / "kubernetes" / "crossdock.yaml"):
        if document["kind"] == "Deployment":
            (container,) = document["spec"]["template"]["spec"]["containers"]
            assert [variable["name"] for variable in container["env"]] == ["DATABASE_URL"]
            assert container["args"][:2] in (["crossdock", "serve"], ["crossdock", "worker"])


def test_the_image_is_made_of_what_is_there(deploy: Path, checkout: Path) -> None:
    text = (deploy / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE):
        *sources, _ = line.split()
        assert all((checkout / source).exists() for source in sources), line


def test_alerts_and_dashboard_ask_for_figures_that_there_are(deploy: Path, checkout: Path) -> None:
    known = figures(checkout)
    (alerts,) = documents(deploy / "prometheus" / "alerts.yml")
    board = json.loads((deploy / "grafana" / "crossdock.json").read_text("utf-8"))
    expressions = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    expressions += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(expressions) > 10
    assert {name for expression in expressions for name in asked(expression)} <= known


def test_units_start_what_is_installed(deploy: Path) -> None:
    for file in (deploy / "systemd").glob("*.service"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read(file)
        assert unit["Service"]["ExecStart"].rpartition("/")[2] in ("crossdock serve", "crossdock worker")
        assert int(unit["Service"]["TimeoutStopSec"]) >= 30


@pytest.mark.parametrize("name", ["crossdock.service", "crossdock-worker@.service"])
def test_systemd_accepts_them(deploy: Path, tmp_path: Path, name: str) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("needs systemd-analyze")
    unit = (deploy / "systemd" / name).read_text("utf-8")
    program = tmp_path / "crossdock"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    placed = tmp_path / name.replace("@", "@1" if "@" in name else "@")
    placed.write_text(unit.replace("/opt/crossdock/bin/crossdock", str(program)).replace("User=crossdock\n", ""))
    done = subprocess.run([verify, "verify", "--man=no", placed], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
