"""Users, sessions, tokens and failed logins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hub.model.account import MONEY, NotAllowed, Role, Scope, role_for
from hub.model.contract import NotDurable
from hub.store.accounts import Accounts
from hub.store.moments import SqlStore
from tests.stores import MakeStore
from tests.unit.store.hand import NOW

IDLE, LIFE = timedelta(hours=2), timedelta(hours=12)


@pytest.fixture
def store(make_store: MakeStore) -> Iterator[SqlStore]:
    made = make_store()
    yield made
    made.close()


@pytest.fixture
def accounts(store: SqlStore) -> Accounts:
    return Accounts(store.writer, store.readers)


@pytest.fixture
def ana(accounts: Accounts) -> str:
    accounts.add_user("ana", Role.ADMIN, "hash", "setup", NOW)
    return "ana"


def test_the_first_user_needs_the_token_and_there_is_only_one_first(accounts: Accounts) -> None:
    assert accounts.awaits_setup()
    assert accounts.expect_setup("old")
    assert accounts.expect_setup("new")
    with pytest.raises(NotAllowed):
        accounts.set_up("old", "eve", "hash", NOW)
    accounts.set_up("new", "ana", "hash", NOW)
    found = accounts.user("ana")
    assert found is not None and found.role is Role.ADMIN
    with pytest.raises(NotAllowed):
        accounts.set_up("new", "eve", "hash", NOW)
    assert not accounts.expect_setup("newer")
    assert not accounts.awaits_setup()


def test_a_name_is_taken_once(accounts: Accounts, ana: str) -> None:
    with pytest.raises(NotAllowed):
        accounts.add_user(ana, Role.VIEWER, "other", "ana", NOW)
    assert [user.password for user in accounts.users()] == ["hash"]


def test_somebody_stays_an_admin(accounts: Accounts, ana: str) -> None:
    with pytest.raises(NotAllowed):
        accounts.change_user(ana, "ana", NOW, role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        accounts.change_user(ana, "ana", NOW, disabled=True)
    found = accounts.user(ana)
    assert found is not None and found.role is Role.ADMIN and not found.disabled
    with pytest.raises(NotAllowed):
        accounts.change_user("nobody", "ana", NOW, role=Role.VIEWER)


def test_a_session_lives_while_it_is_used_and_never_longer_than_its_life(accounts: Accounts, ana: str) -> None:
    accounts.begin_session("digest", ana, "csrf", NOW, LIFE)
    for hours in range(1, 12):
        found = accounts.session("digest", NOW + timedelta(hours=hours), IDLE)
        assert found is not None and found.user.name == ana and found.csrf == "csrf"
    assert accounts.session("digest", NOW + LIFE, IDLE) is None


def test_an_idle_session_ends(accounts: Accounts, ana: str) -> None:
    accounts.begin_session("digest", ana, "csrf", NOW, LIFE)
    assert accounts.session("digest", NOW + IDLE + timedelta(seconds=1), IDLE) is None
    assert accounts.session("another", NOW, IDLE) is None


def test_a_change_of_rights_ends_every_session(accounts: Accounts, ana: str) -> None:
    accounts.add_user("ben", Role.VIEWER, "hash", ana, NOW)
    accounts.begin_session("digest", "ben", "csrf", NOW, LIFE)
    accounts.change_user("ben", ana, NOW, role=Role.OPERATOR)
    assert accounts.session("digest", NOW, IDLE) is None


def test_a_disabled_user_has_no_session(accounts: Accounts, ana: str, store: SqlStore) -> None:
    accounts.add_user("ben", Role.VIEWER, "hash", ana, NOW)
    accounts.change_user("ben", ana, NOW, disabled=True)
    accounts.begin_session("digest", "ben", "csrf", NOW, LIFE)
    assert accounts.session("digest", NOW, IDLE) is None


def test_a_session_can_be_ended(accounts: Accounts, ana: str) -> None:
    accounts.begin_session("digest", ana, "csrf", NOW, LIFE)
    accounts.end_session("digest")
    assert accounts.session("digest", NOW, IDLE) is None


def test_failures_are_counted_by_key_and_forgotten(accounts: Accounts) -> None:
    keys = ["account:ana", "address:192.0.2.1"]
    assert accounts.free_at(keys, NOW) is None
    accounts.login_failed({"account:ana": timedelta(0), "address:192.0.2.1": timedelta(seconds=8)}, NOW)
    assert accounts.free_at(keys, NOW) == NOW + timedelta(seconds=8)
    assert accounts.free_at(["account:ana"], NOW) is None
    assert accounts.failures("account:ana") == 1
    accounts.login_succeeded(["account:ana"])
    assert accounts.failures("account:ana") == 0
    accounts.login_failed({}, NOW + timedelta(days=2))
    assert accounts.failures("address:192.0.2.1") == 0


def test_a_token_works_until_it_ends_or_is_revoked(accounts: Accounts) -> None:
    accounts.add_token("grafana", "digest", "cdock_ab…yz", (Scope.METRICS,), "ana", NOW, timedelta(days=1))
    found = accounts.token("digest", NOW)
    assert found is not None and found.scopes == (Scope.METRICS,)
    assert accounts.tokens()[0].used_at == NOW
    assert accounts.token("digest", NOW + timedelta(days=1)) is None
    assert accounts.token("another", NOW) is None
    with pytest.raises(NotAllowed):
        accounts.add_token("grafana", "other", "", (), "ana", NOW, timedelta(days=1))
    accounts.revoke_token("grafana", "ana", NOW)
    assert accounts.token("digest", NOW) is None
    with pytest.raises(NotAllowed):
        accounts.revoke_token("nothing", "ana", NOW)


def test_every_change_of_rights_is_on_record(accounts: Accounts, ana: str, store: SqlStore) -> None:
    accounts.add_user("ben", Role.VIEWER, "secret-hash", ana, NOW)
    accounts.change_user("ben", ana, NOW, password="another-hash")
    accounts.add_token("t", "digest", "", (Scope.ORDERS,), ana, NOW, timedelta(days=1))
    accounts.revoke_token("t", ana, NOW)
    rows = store.readers.tx().all("SELECT * FROM audit ORDER BY id")
    assert [row["action"] for row in rows] == ["user", "user", "user changed", "token", "token revoked"]
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert "hash" not in "".join(row["detail"] for row in rows)


def test_roles_reach_as_far_as_they_should() -> None:
    assert Role.ADMIN.may(Role.APPROVER) and Role.APPROVER.may(Role.OPERATOR) and Role.OPERATOR.may(Role.VIEWER)
    assert not Role.OPERATOR.may(Role.APPROVER)
    assert not Role.VIEWER.may(role_for("replay"))
    assert role_for("replay") is Role.OPERATOR
    assert role_for("release", cause="address_incomplete") is Role.OPERATOR
    assert role_for("release", cause="high_risk") is Role.APPROVER
    assert all(role_for("resolve", capability) is Role.APPROVER for capability in MONEY)
    assert role_for("resolve", "fulfillment.create") is Role.OPERATOR
    assert role_for("refund") is Role.APPROVER


def test_a_full_disk_does_not_lock_people_out(accounts: Accounts, ana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.begin_session("digest", ana, "csrf", NOW, LIFE)
    accounts.add_token("t", "digest", "", (Scope.ORDERS,), ana, NOW, LIFE)

    def full(*_: object) -> object:
        raise NotDurable("database or disk is full")

    monkeypatch.setattr(accounts._writer, "run", full)
    assert accounts.session("digest", NOW + timedelta(minutes=5), IDLE) is not None
    assert accounts.token("digest", NOW + timedelta(minutes=5)) is not None
