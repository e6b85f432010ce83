"""`doctor`, `upgrade`, `pause`, `resume`, `serve`: an installation that is looked after, and one that runs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.assembly.hub import open_hub
from hub.language.problem import Problems
from hub.vault.keys import InstallKey
from tests.unit.cli.conftest import Run

STRIPE = 'connections:\n  pay: {connector: stripe, env: ENV, secrets: {api_key: "${env:CROSSDOCK_TEST_KEY}"}}\n'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_stripe(home: Path, env: str = "live") -> None:
    text = (home / "hub.yaml").read_text()
    (home / "hub.yaml").write_text(text.replace("connections: {}\n", STRIPE.replace("ENV", env)))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_TEST_KEY", "rk_live_abcdefgh")


# --- doctor


def states(run: Run, home: Path, code: int, *more: str) -> dict[str, list[str]]:
    answer = json.loads(run("doctor", *more, "--home", home, "--json", code=code).stdout)
    found: dict[str, list[str]] = {}
    for finding in answer["findings"]:
        found.setdefault(finding["subject"], []).append(finding["state"])
    return found


def test_a_new_installation_is_well(home: Path, run: Run) -> None:
    found = states(run, home, 0)
    assert found == {
        "configuration": ["ok"], "install key": ["ok"], "clock": ["ok"], "disk": ["ok"], "database": ["note"]
    }  # fmt: skip
    open_hub(home).close()
    assert states(run, home, 0, "--thorough")["database"] == ["ok"]


def test_a_key_that_others_may_read_is_found(home: Path, run: Run) -> None:
    (home / "vault" / "install.key").chmod(0o644)
    done = run("doctor", "--home", home, code=1)
    assert "may be read by others" in done.stdout
    assert "chmod 600" in done.stdout


def test_a_key_that_is_not_the_databases_is_found(home: Path, run: Run) -> None:
    open_hub(home).close()
    (home / "vault" / "install.key").unlink()
    InstallKey.load_or_create(home / "vault" / "install.key")
    assert states(run, home, 1)["install key"] == ["ok", "fail"]
    assert "belongs to another install key" in run("pause", "x", "--home", home, code=2).stderr


def test_a_damaged_database_is_found(home: Path, run: Run) -> None:
    open_hub(home).close()
    path = home / "data" / "crossdock.db"
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 3 : 4096 * 20] = os.urandom(4096 * 17)
    path.write_bytes(bytes(damaged))
    assert states(run, home, 1)["database"] == ["fail"]


def test_secrets_and_their_kind_are_examined(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with_stripe(home)
    assert "CROSSDOCK_TEST_KEY is not set" in run("doctor", "--offline", "--home", home, code=1).stdout
    monkeypatch.setenv("CROSSDOCK_TEST_KEY", "rk_test_abcdefgh")
    done = run("doctor", "--offline", "--home", home, code=1)
    assert "pay is declared live and holds Stripe's test credentials" in done.stdout
    assert "rk_test" not in done.output
    with pytest.raises(Problems, match="test credentials"):
        open_hub(home)  # and nothing starts with it
    monkeypatch.setenv("CROSSDOCK_TEST_KEY", "")
    assert "is empty" in run("doctor", "--offline", "--home", home, code=1).stdout


def test_a_provider_that_does_not_answer_is_found(home: Path, run: Run, key: None) -> None:
    with_stripe(home)
    text = (home / "hub.yaml").read_text()
    nowhere = f"127.0.0.1:{free_port()}"
    more = f"base_url: 'http://{nowhere}', private_targets: ['{nowhere}'], secrets"
    (home / "hub.yaml").write_text(text.replace("secrets: {api_key", f"{more}: {{api_key"))
    assert "it does not answer" in run("doctor", "--home", home, code=1).stdout


def test_the_end_of_an_api_version_is_announced(home: Path, checkout: Path, run: Run, key: None) -> None:
    with_stripe(home)
    own = home / "connectors" / "stripe"
    own.mkdir(parents=True)
    text = (checkout / "connectors" / "stripe" / "connector.yaml").read_text()
    for sunset, state, code in (("2001-01-31", "fail", 1), ("2999-01-31", "note", 0)):
        (own / "connector.yaml").write_text(
            re.sub(r"^api: \{(.*)\}", rf"api: {{\1, sunset: {sunset}}}", text, flags=re.MULTILINE)
        )
        found = states(run, home, code, "--offline")
        assert (state in found.get("pay", ["note"])) is True


# --- upgrade


def test_upgrade_backs_up_first_and_can_be_gone_back_from(home: Path, run: Run) -> None:
    run("secret", "set", "a", "--file", "-", "--home", home, input="hazel")
    open_hub(home).close()
    answer = json.loads(run("upgrade", "--home", home, "--json").stdout)
    names = {Path(file).name for file in answer["files"]}
    assert {"install.key", "secrets.json", "hub.yaml"} < names
    assert answer["before"] == answer["now"]
    for file in answer["files"]:
        assert Path(file).stat().st_mode & 0o777 == 0o600
    (database,) = (Path(file) for file in answer["files"] if file.endswith(".db"))
    with sqlite3.connect(database) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()


def test_an_older_database_is_not_touched_but_by_upgrade(home: Path, run: Run) -> None:
    open_hub(home).close()
    connection = sqlite3.connect(home / "data" / "crossdock.db")
    connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.commit()
    connection.close()
    assert "crossdock upgrade" in run("pause", "x", "--home", home, code=2).stderr
    connection = sqlite3.connect(home / "data" / "crossdock.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "9999" in run("pause", "x", "--home", home, code=2).stderr
    assert "9999" in run("upgrade", "--home", home, code=2).stderr


def test_nothing_is_upgraded_under_a_running_hub(home: Path, run: Run) -> None:
    hub = open_hub(home)
    try:
        assert "another hub runs" in run("upgrade", "--home", home, code=1).stderr
    finally:
        hub.close()


def test_an_installation_without_a_database_gets_one(home: Path, run: Run) -> None:
    answer = json.loads(run("upgrade", "--home", home, "--json").stdout)
    assert (answer["before"], answer["backup"]) == (None, None)


# --- pause and resume


def test_a_connection_is_paused_and_works_again(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with_stripe(home)
    monkeypatch.setenv("CROSSDOCK_TEST_KEY", "rk_live_abcdefgh")
    open_hub(home).close()
    monkeypatch.delenv("CROSSDOCK_TEST_KEY")  # the shell of whoever pauses it need not have the hub's environment
    told = json.loads(run("pause", "pay", "--why", "moving", "--actor", "mina", "--home", home, "--json").stdout)
    hub = open_hub(home, threaded=False)
    assert (hub.store.standing("pay").paused, hub.store.standing("pay").why) == (True, "moving")
    hub.close()
    assert told == {"connection": "pay", "paused": True, "why": "moving", "actor": "mina"}
    assert "works again" in run("resume", "pay", "--home", home).stdout
    assert "there is no connection 'x'" in run("pause", "x", "--home", home, code=1).stderr


# --- serve


class Serving:
    """`crossdock serve` as a child."""

    def __init__(self, home: Path, *more: str) -> None:
        self.port = free_port()
        self.log = home / "serve.log"
        words = [sys.executable, "-m", "hub.cli.main", "--home", str(home), "serve", "--port", str(self.port), *more]
        self.began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait(self, seconds: float = 20.0) -> None:
        """Until it answers."""
        while time.monotonic() - self.began < seconds and self.process.poll() is None:
            try:
                self.get("/healthz")
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(self.log.read_text())

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@pytest.fixture
def serving(home: Path) -> Iterator[Serving]:
    child = Serving(home)
    yield child
    child.stop()


def test_serve_answers_stays_small_and_stops_cleanly(serving: Serving, home: Path, run: Run) -> None:
    serving.wait()
    assert serving.get("/readyz") == (200, '{"status":"ready","faults":[]}\n')
    assert serving.get("/webhooks/nobody")[0] == 404
    assert "another hub runs" in run("upgrade", "--home", home, code=1).stderr
    assert serving.megabytes() < 150
    assert serving.stop() == 0
    assert "nothing that was acknowledged is lost" in serving.log.read_text()


def test_a_second_hub_on_the_same_installation_is_refused(serving: Serving, home: Path) -> None:
    serving.wait()
    second = Serving(home)
    assert second.process.wait(timeout=20) == 1
    assert "another hub runs" in second.log.read_text()
    assert serving.get("/healthz")[0] == 200


def test_serve_says_what_is_wrong_and_starts_nothing(home: Path) -> None:
    (home / "hub.yaml").write_text("hub: {mode: fast}\nrouting: [{method: warehouse, connection: x}]\n")
    child = Serving(home)
    assert child.process.wait(timeout=20) == 2
    assert f"{home}/hub.yaml:1:13: 'fast' is not one of the words" in child.log.read_text()
    assert not (home / "data" / "crossdock.db").exists()


def test_serve_is_never_public_without_tls(home: Path) -> None:
    child = Serving(home, "--host", "0.0.0.0")
    assert child.process.wait(timeout=20) == 2
    assert "without TLS" in child.log.read_text()


def test_a_running_hub_takes_up_a_changed_configuration(serving: Serving, home: Path, run: Run, key: None) -> None:
    serving.wait()
    text = (home / "hub.yaml").read_text()
    (home / "hub.yaml").write_text(text.replace("connections: {}\n", "connections: {x: {connector: nobody}}\n"))
    wait_for(serving, "there is no connector nobody")
    assert serving.get("/readyz")[0] == 200  # it goes on as it was
    shop = "connections: {shop: {webhook: {source: stripe, secrets: ['${file:SECRET}']}}}\n"
    (home / "secret").write_text("hazel-and-birch")
    (home / "hub.yaml").write_text(text.replace("connections: {}\n", shop.replace("SECRET", str(home / "secret"))))
    wait_for(serving, "the changed configuration is in force")
    request = urllib.request.Request(f"http://127.0.0.1:{serving.port}/webhooks/shop", data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    with refused.value as answer:
        assert answer.code == 401  # it is known now, and this is none of its deliveries


def wait_for(serving: Serving, text: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while text not in serving.log.read_text():
        assert time.monotonic() < end, serving.log.read_text()
        time.sleep(0.05)
