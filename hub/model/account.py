"""Who may look and who may act: users of the console, their sessions, and tokens of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Each may do all that the ones before it may."""

    VIEWER = "viewer"  # sees what happens, without the buyers' addresses
    OPERATOR = "operator"  # repairs: replay, release, pause, resume
    APPROVER = "approver"  # decides about money
    ADMIN = "admin"  # decides who else may

    def may(self, needed: Role) -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


class Scope(StrEnum):
    """What an API token may read."""

    ORDERS = "orders:read"
    ATTENTION = "attention:read"
    MESSAGES = "messages:read"
    METRICS = "metrics:read"


@dataclass(frozen=True)
class User:
    """`password` is an argon2id hash with its parameters and salt."""

    name: str
    role: Role
    password: str
    disabled: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Session:
    """A login. The cookie itself is not kept, only its digest."""

    digest: str
    user: User
    csrf: str
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Token:
    """An API token. The token itself is not kept; `shown` is enough to tell it from others."""

    name: str
    shown: str
    scopes: tuple[Scope, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class NotAllowed(Exception):
    """The account's rights do not reach so far, or the request's name is taken; the text says which."""


# What decides about money, in its own right or by what it sets going.
MONEY = ("payment.capture", "payment.void", "payment.refund", "label.buy", "label.refund")
_ACTS = {
    "replay": Role.OPERATOR,
    "release": Role.OPERATOR,
    "resume": Role.OPERATOR,
    "pause": Role.OPERATOR,
    "messages": Role.OPERATOR,
    "resolve": Role.OPERATOR,
    "adopt": Role.APPROVER,
    "cancel": Role.APPROVER,
    "refund": Role.APPROVER,
}
_APPROVALS = frozenset({"approval", "high_risk", "payment_unknown", "unbalanced"})


def role_for(act: str, capability: str | None = None, cause: str | None = None) -> Role:
    """Who may do it. To decide about money, or to let through what was held for a decision, is an approver's."""
    needed = _ACTS[act]
    decides_money = act == "resolve" and capability in MONEY
    approves = act == "release" and cause in _APPROVALS
    return Role.APPROVER if decides_money or approves else needed
