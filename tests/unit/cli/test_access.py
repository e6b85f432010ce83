"""Users of the console and tokens of the API, from the shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.assembly.home import Home
from hub.assembly.hub import open_hub
from hub.model.account import Role
from hub.vault import login
from tests.unit.cli.installed import SECRET, answer, column, installation, run


@pytest.fixture
def quiet_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(*SECRET)
    home = installation(tmp_path / "hub", filled=False)
    assert run(home, "users", "add", "ana", "--role", "admin", typed="a long enough one\n").exit_code == 0
    return home


def test_an_account_is_made_with_a_password_from_stdin_and_never_shows_it(quiet_home: Home) -> None:
    told = run(quiet_home, "users", "add", "ben", "--role", "operator", typed="correct horse battery\n")
    assert told.exit_code == 0 and "horse" not in told.output
    assert column(answer(quiet_home, "users", "list")["users"], "name") == ["ana", "ben"]
    hub = open_hub(quiet_home.folder, threaded=False)
    found = hub.desk.accounts.user("ben")
    hub.close()
    assert found is not None and found.role is Role.OPERATOR
    assert login.verify_password(found.password, "correct horse battery")


@pytest.mark.parametrize(
    ("name", "password"), [("ben", "short"), ("Ben", "a long enough one"), ("b", "a long enough one"), ("ben", "")]
)
def test_a_weak_password_or_an_odd_name_is_refused(quiet_home: Home, name: str, password: str) -> None:
    assert run(quiet_home, "users", "add", name, typed=f"{password}\n").exit_code == 2


def test_a_taken_name_and_the_last_admin_are_kept(quiet_home: Home) -> None:
    taken = run(quiet_home, "users", "add", "ana", typed="a long enough one\n")
    assert taken.exit_code == 1 and "already" in taken.stderr
    last = run(quiet_home, "users", "change", "ana", "--role", "viewer")
    assert last.exit_code == 1 and "somebody must stay an admin" in last.stderr
    assert run(quiet_home, "users", "change", "ana").exit_code == 2


def test_a_role_is_changed_and_an_account_shut(quiet_home: Home) -> None:
    run(quiet_home, "users", "add", "ben", typed="correct horse battery\n")
    assert answer(quiet_home, "users", "change", "ben", "--role", "approver", "--disable")["changed"]
    found = answer(quiet_home, "users", "list")["users"][1]
    assert (found["role"], found["disabled"]) == ("approver", True)


def test_a_token_is_shown_once_and_works_until_it_is_revoked(quiet_home: Home) -> None:
    made = answer(quiet_home, "tokens", "create", "grafana", "--scope", "metrics:read", "--days", "30")
    assert login.looks_real(made["token"])
    told = run(quiet_home, "tokens", "list").stdout
    assert login.shown(made["token"]) in told and made["token"] not in told and "in 29 days" in told
    assert run(quiet_home, "tokens", "revoke", "grafana").exit_code == 0
    assert "revoked" in run(quiet_home, "tokens", "list").stdout
    assert run(quiet_home, "tokens", "create", "grafana", "--scope", "metrics:read").exit_code == 1
    assert run(quiet_home, "tokens", "create", "other", "--scope", "everything").exit_code == 2
    assert run(quiet_home, "tokens", "revoke", "nobody").exit_code == 1
