"""Users, sessions, tokens and failed logins. Secrets never come here: only their digests and hashes do."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.model.account import NotAllowed, Role, Scope, Session, Token, User
from hub.model.contract import NotDurable
from hub.store import books, rows
from hub.store.record import append_audit
from hub.store.tx import Readers, Row, Tx, Writer

_SEEN_EVERY = timedelta(minutes=1)  # a session's last sight is written no more often
_FORGET_FAILURES = timedelta(days=1)
_SETUP = "setup_digest"

# In one statement: two processes may start at once.
_EXPECT = (
    "INSERT INTO install (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_ADD_USER = books.insert("users", ["name", "role", "password", "created_at", "changed_at"]) + " ON CONFLICT DO NOTHING"
_ADD_SESSION = books.insert("sessions", ["digest", "owner", "csrf", "began_at", "seen_at", "expires_at"])
_ADD_TOKEN = (
    books.insert("tokens", ["name", "digest", "shown", "scopes", "created_by", "created_at", "expires_at"])
    + " ON CONFLICT DO NOTHING"
)
_SESSION = """
SELECT s.digest, s.csrf, s.seen_at AS session_seen_at, s.expires_at AS session_expires_at, u.*
FROM sessions s JOIN users u ON u.name = s.owner
WHERE s.digest = :digest AND s.expires_at > :now AND s.seen_at > :idle AND u.disabled = 0
"""
_FAIL = """
INSERT INTO throttles (key, failures, last_at, free_at) VALUES (:key, 1, :now, :free)
ON CONFLICT (key)
DO UPDATE SET failures = throttles.failures + 1, last_at = excluded.last_at, free_at = excluded.free_at
"""


class Accounts:
    """Every change of rights is written to the audit chain in the same transaction."""

    def __init__(self, writer: Writer, reads: Readers) -> None:
        self._writer = writer
        self._reads = reads

    # --- users

    def users(self) -> tuple[User, ...]:
        return tuple(map(_user_of, self._reads.tx().all("SELECT * FROM users ORDER BY name")))

    def user(self, name: str) -> User | None:
        row = self._reads.tx().one("SELECT * FROM users WHERE name = :name", name=name)
        return _user_of(row) if row else None

    def add_user(self, name: str, role: Role, password: str, actor: str, now: datetime) -> None:
        """Raises NotAllowed when the name is taken."""
        self._writer.run(lambda tx: _add_user(tx, name, role, password, actor, now))

    def change_user(
        self,
        name: str,
        actor: str,
        now: datetime,
        *,
        role: Role | None = None,
        password: str | None = None,
        disabled: bool | None = None,
    ) -> None:
        """What is not named stays; every session of the user ends. NotAllowed for an unknown name or the last admin."""
        changes = {"role": role, "password": password, "disabled": None if disabled is None else int(disabled)}
        given = {column: value for column, value in changes.items() if value is not None}
        self._writer.run(lambda tx: _change_user(tx, name, given, actor, now))

    # --- the first user

    def expect_setup(self, digest: str) -> bool:
        """Remembers the digest of a fresh setup token; False where there is a user already."""

        def moment(tx: Tx) -> bool:
            if tx.one("SELECT 1 FROM users"):
                return False
            tx.run(_EXPECT, name=_SETUP, value=digest)
            return True

        return self._writer.run(moment)

    def awaits_setup(self) -> bool:
        return self._reads.tx().one("SELECT 1 FROM users") is None

    def set_up(self, digest: str, name: str, password: str, now: datetime) -> None:
        """Makes the first user, an admin; works once. Raises NotAllowed."""

        def moment(tx: Tx) -> None:
            if tx.one("SELECT 1 FROM users") or not tx.run(
                "DELETE FROM install WHERE name = :name AND value = :value", name=_SETUP, value=digest
            ):
                raise NotAllowed("this setup token is not, or no longer, valid")
            _add_user(tx, name, Role.ADMIN, password, "setup", now)

        self._writer.run(moment)

    # --- sessions

    def begin_session(self, digest: str, owner: str, csrf: str, now: datetime, life: timedelta) -> None:
        stamp = rows.micros(now)
        until = rows.micros(now + life)
        values = {
            "digest": digest,
            "owner": owner,
            "csrf": csrf,
            "began_at": stamp,
            "seen_at": stamp,
            "expires_at": until,
        }

        def moment(tx: Tx) -> None:
            tx.run("DELETE FROM sessions WHERE expires_at < :now", now=stamp)
            tx.run(_ADD_SESSION, **values)

        self._writer.run(moment)

    def session(self, digest: str, now: datetime, idle: timedelta) -> Session | None:
        """The session, if it lives and was seen within `idle`. Being asked for counts as being seen."""
        found = self._reads.tx().one(_SESSION, digest=digest, now=rows.micros(now), idle=rows.micros(now - idle))
        if found is None:
            return None
        seen, expires = rows.surely(found["session_seen_at"]), rows.surely(found["session_expires_at"])
        if now - seen > _SEEN_EVERY:
            self._note("UPDATE sessions SET seen_at = :now WHERE digest = :digest", digest, now)
        return Session(digest, _user_of(found), found["csrf"], seen, expires)

    def end_session(self, digest: str) -> None:
        self._writer.run(lambda tx: tx.run("DELETE FROM sessions WHERE digest = :digest", digest=digest))

    def _note(self, sql: str, digest: str, now: datetime) -> None:
        """Notes that somebody was here. On a full disk people must still see that it is full: then it is not noted."""
        with contextlib.suppress(NotDurable):
            self._writer.run(lambda tx: tx.run(sql, now=rows.micros(now), digest=digest))

    # --- failed logins

    def free_at(self, keys: Sequence[str], now: datetime) -> datetime | None:
        """Until when a login under one of these keys is refused unheard; None when it may be tried."""
        tx = self._reads.tx()
        blocks = (tx.one("SELECT free_at FROM throttles WHERE key = :key", key=key) for key in keys)
        latest = max((rows.surely(row["free_at"]) for row in blocks if row), default=now)
        return latest if latest > now else None

    def failures(self, key: str) -> int:
        row = self._reads.tx().one("SELECT failures FROM throttles WHERE key = :key", key=key)
        return row["failures"] if row else 0

    def login_failed(self, waits: Mapping[str, timedelta], now: datetime) -> None:
        """Counts a failure under every key; each may be tried again after its wait."""

        def moment(tx: Tx) -> None:
            tx.run("DELETE FROM throttles WHERE last_at < :old", old=rows.micros(now - _FORGET_FAILURES))
            for key, wait in waits.items():
                tx.run(_FAIL, key=key, now=rows.micros(now), free=rows.micros(now + wait))

        self._writer.run(moment)

    def login_succeeded(self, keys: Sequence[str]) -> None:
        def moment(tx: Tx) -> None:
            for key in keys:
                tx.run("DELETE FROM throttles WHERE key = :key", key=key)

        self._writer.run(moment)

    # --- tokens

    def tokens(self) -> tuple[Token, ...]:
        return tuple(map(_token_of, self._reads.tx().all("SELECT * FROM tokens ORDER BY name")))

    def add_token(
        self, name: str, digest: str, shown: str, scopes: Sequence[Scope], actor: str, now: datetime, life: timedelta
    ) -> None:
        """Raises NotAllowed when the name is taken."""
        values: dict[str, Any] = {
            "name": name,
            "digest": digest,
            "shown": shown,
            "scopes": " ".join(scopes),
            "created_by": actor,
            "created_at": rows.micros(now),
            "expires_at": rows.micros(now + life),
        }

        def moment(tx: Tx) -> None:
            if not tx.run(_ADD_TOKEN, **values):
                raise NotAllowed(f"there is a token {name!r} already: choose another name")
            append_audit(tx, actor, "token", name, {"scopes": values["scopes"]}, now)

        self._writer.run(moment)

    def token(self, digest: str, now: datetime) -> Token | None:
        """The token of this digest if it is neither revoked nor expired. Being asked for counts as being used."""
        row = self._reads.tx().one("SELECT * FROM tokens WHERE digest = :digest", digest=digest)
        if row is None or row["revoked_at"] is not None or row["expires_at"] <= (rows.micros(now) or 0):
            return None
        found = _token_of(row)
        if found.used_at is None or now - found.used_at > _SEEN_EVERY:
            self._note("UPDATE tokens SET used_at = :now WHERE digest = :digest", digest, now)
        return found

    def revoke_token(self, name: str, actor: str, now: datetime) -> None:
        """Raises NotAllowed for an unknown name."""

        def moment(tx: Tx) -> None:
            sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, :now) WHERE name = :name"
            if not tx.run(sql, now=rows.micros(now), name=name):
                raise NotAllowed(f"there is no token {name!r}")
            append_audit(tx, actor, "token revoked", name, {}, now)

        self._writer.run(moment)


def _add_user(tx: Tx, name: str, role: Role, password: str, actor: str, now: datetime) -> None:
    stamp = rows.micros(now)
    if not tx.run(_ADD_USER, name=name, role=role.value, password=password, created_at=stamp, changed_at=stamp):
        raise NotAllowed(f"there is a user {name!r} already")
    append_audit(tx, actor, "user", name, {"role": role.value}, now)


def _change_user(tx: Tx, name: str, given: Mapping[str, Any], actor: str, now: datetime) -> None:
    columns = ", ".join(f"{column} = :{column}" for column in given)
    sql = f"UPDATE users SET {columns}, changed_at = :now WHERE name = :name"
    if not tx.run(sql, name=name, now=rows.micros(now), **given):
        raise NotAllowed(f"there is no user {name!r}")
    if tx.one("SELECT 1 FROM users WHERE role = 'admin' AND disabled = 0") is None:
        raise NotAllowed("somebody must stay an admin")
    tx.run("DELETE FROM sessions WHERE owner = :name", name=name)
    shown = {column: "changed" if column == "password" else value for column, value in given.items()}
    append_audit(tx, actor, "user changed", name, shown, now)


def _user_of(row: Row) -> User:
    return User(
        name=row["name"],
        role=Role(row["role"]),
        password=row["password"],
        disabled=bool(row["disabled"]),
        created_at=rows.surely(row["created_at"]),
        changed_at=rows.surely(row["changed_at"]),
    )


def _token_of(row: Row) -> Token:
    return Token(
        name=row["name"],
        shown=row["shown"],
        scopes=tuple(Scope(scope) for scope in row["scopes"].split()),
        created_by=row["created_by"],
        created_at=rows.surely(row["created_at"]),
        expires_at=rows.surely(row["expires_at"]),
        used_at=rows.moment(row["used_at"]),
        revoked_at=rows.moment(row["revoked_at"]),
    )
