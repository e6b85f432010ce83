"""`init`, `secret`, `schema`, `connector`, `mail`: what is made, what is told, and what is never shown."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from hub.cli.main import main
from tests.unit.cli.conftest import Run

WORD = "correct-horse-battery"


def test_init_makes_a_working_installation_and_leaves_it_alone_the_second_time(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "deep" / "home"
    told = json.loads(run("init", folder, "--json").stdout)
    assert {Path(path).name for path in told["made"]} == {"hub.yaml", "vault", "data", "install.key"}
    assert (folder / "vault" / "install.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "vault").stat().st_mode & 0o777 == 0o700
    assert (folder / "data").stat().st_mode & 0o777 == 0o700
    run("check", "--home", folder)
    run("doctor", "--home", folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = json.loads(run("init", folder, "--json").stdout)
    assert again["made"] == []
    assert {path: path.read_bytes() for path in before} == before


def test_init_writes_a_public_url_at_once_or_later_and_nothing_else(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "hub"
    run("init", folder)
    before = (folder / "hub.yaml").read_text()
    assert "proxy" in run("init", folder, "--public-url", "https://hub.example.com").output
    after = (folder / "hub.yaml").read_text()
    assert after == before.replace("public_url: null", 'public_url: "https://hub.example.com"').replace(
        "behind_proxy: false", "behind_proxy: true"
    )
    at_once = tmp_path / "at-once"
    assert json.loads(run("init", at_once, "--public-url", "https://hub.example.com", "--json").stdout)["public_url"]
    assert (at_once / "hub.yaml").read_text() == after
    run("check", "--home", at_once)


@pytest.mark.parametrize("url", ["http://hub.example.com", "hub.example.com", "https://u:p@hub.example.com"])
def test_init_refuses_what_no_provider_can_reach(tmp_path: Path, run: Run, url: str) -> None:
    done = run("init", tmp_path / "hub", "--public-url", url, code=2)
    assert "no address that providers can deliver to" in done.stderr


def test_init_says_why_it_cannot(tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made an installation" in run("init", tmp_path / "file" / "home", code=2).stderr


def test_a_secret_is_stored_listed_and_never_shown(home: Path, run: Run) -> None:
    done = run("secret", "set", "shop/token", "--home", home, input=f"{WORD}\n")
    listed = run("secret", "list", "--home", home)
    rotated = run("secret", "rotate", "--home", home)
    assert "${secret:shop/token}" in done.output
    assert "shop/token" in listed.stdout
    assert WORD not in done.output + listed.output + rotated.output
    assert not [path for path in home.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()]


def test_a_secret_comes_from_a_file_or_stdin_too(home: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "value").write_text(f"{WORD}\n")
    run("secret", "set", "a", "--file", tmp_path / "value", "--home", home)
    run("secret", "set", "b", "--file", "-", "--home", home, input=f"{WORD}\n")
    assert [row["name"] for row in json.loads(run("secret", "list", "--home", home, "--json").stdout)] == ["a", "b"]


def test_a_secret_in_use_is_not_removed(home: Path, run: Run) -> None:
    run("secret", "set", "k", "--file", "-", "--home", home, input=WORD)
    config = (home / "hub.yaml").read_text()
    used = 'connections:\n  pay: {connector: stripe, secrets: {api_key: "${secret:k}"}}\n'
    (home / "hub.yaml").write_text(config.replace("connections: {}\n", used))
    assert "pay.secrets.api_key" in run("secret", "remove", "k", "--home", home, code=2).stderr
    (home / "hub.yaml").write_text(config)
    run("secret", "remove", "k", "--home", home)
    run("secret", "remove", "k", "--home", home, code=1)


@pytest.mark.parametrize("kind", ["connector", "flow", "hub", "mapping", "webhook"])
def test_every_kind_of_document_has_a_schema(kind: str, run: Run, tmp_path: Path) -> None:
    schema = json.loads(run("schema", kind).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    run("schema", kind, "--out", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == schema


def test_the_shipped_declarations_fit_their_schemas(run: Run, checkout: Path) -> None:
    files = {
        "connector": [*checkout.glob("connectors/*/connector.yaml")],
        "webhook": [*checkout.glob("webhooks/*.yaml")],
        "flow": [*checkout.glob("config/flows/*.yaml")],
        "hub": [checkout / "config/hub.yaml", *checkout.glob("config/connections/*.yaml")],
    }
    for kind, paths in files.items():
        validator = jsonschema.Draft202012Validator(json.loads(run("schema", kind).stdout))
        assert paths
        for path in paths:
            faults = [
                f"{path.name}: {error.json_path}: {error.message}" for error in validator.iter_errors(plain(path))
            ]
            assert not faults


def plain(path: Path) -> object:
    """The file as an editor's YAML reader sees it."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text()), default=str))


def test_a_new_connector_passes_the_check_as_it_stands(home: Path, run: Run) -> None:
    done = json.loads(run("connector", "new", "acme_wms", "--title", "Acme Stores", "--home", home, "--json").stdout)
    assert len(done["made"]) == 3
    checked = json.loads(run("check", home / "connectors", home / "webhooks", home / "mappings", "--json").stdout)
    assert (checked["problems"], len(checked["checked"]), checked["examples"] > 8) == ([], 3, True)
    shown = json.loads(run("connector", "show", "acme_wms", "--home", home, "--json").stdout)
    assert shown["title"] == "Acme Stores"
    assert shown["own"] == ["connector acme_wms", "webhook acme-wms", "mapping acme-wms-order"]
    assert [mapping["id"] for mapping in shown["mappings"]] == ["acme-wms-order"]
    assert shown["mappings"][0]["pulled"] is True
    again = json.loads(run("connector", "new", "acme_wms", "--home", home, "--json").stdout)
    assert (again["made"], len(again["kept"])) == ([], 3)
    assert "is no name for a connector" in run("connector", "new", "Acme-1", "--home", home, code=2).stderr


def test_what_is_new_can_be_connected(home: Path, run: Run) -> None:
    run("connector", "new", "acme", "--home", home)
    told = ["--set", "site=shop.example", "--secret", "token=${env:ACME}", "--no-test", "--yes"]
    run("connect", "acme", "--as", "shop", *told, "--home", home)
    checked = json.loads(run("check", "--home", home, "--json", code=1).stdout)
    assert ["ACME is not set" in problem["what"] for problem in checked["problems"]] == [True]


def test_a_connector_is_shown_with_its_webhook_and_its_mappings(run: Run) -> None:
    shown = run("connector", "show", "stripe").stdout
    for part in ("payment.capture", "key", "Secret or restricted API key", "Webhook stripe", "Mapping stripe-event"):
        assert part in shown
    assert "did you mean 'stripe'" in run("connector", "show", "strip", code=2).stderr
    names = [row["name"] for row in json.loads(run("connector", "list", "--json").stdout)]
    assert names == sorted(names)
    assert {"shopify", "woocommerce", "stripe", "shipbob", "easypost", "smtp", "standard-webhooks"} <= set(names)


def test_a_letter_is_seen_in_the_installations_own_words(home: Path, run: Run, tmp_path: Path) -> None:
    shipped = json.loads(run("mail", "preview", "shipped", "--json").stdout)
    run("mail", "copy", "shipped", "--home", home)
    own = home / "templates" / "shipped.txt"
    own.write_text(own.read_text().replace("Hello", "Good day"))
    changed = run("mail", "preview", "shipped", "--home", home, "--html", tmp_path / "x.html").stdout
    assert "Hello Mina" in shipped["text"]
    assert "Good day Mina" in changed
    assert (tmp_path / "x.html").read_text().startswith("<!")
    own.write_text("{% block subject %}x{% endblock %}{{ order.lable }}")
    checked = run("check", "--home", home, code=1).stderr
    assert f"{own}:1" in checked
    assert "did you mean 'label'" in checked
    assert "did you mean 'shipped'" in run("mail", "preview", "shiped", code=2).stderr


def test_the_group_is_what_the_entry_point_calls() -> None:
    assert callable(main)
