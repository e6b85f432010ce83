"""Things that go wrong between the hub and the world: by script, or by seed at a level.

Each fault is decided by a hash of what is asked and how often it was asked before, so a run's faults do not depend on
which thread came first. A level's floor is kept: when chance has dealt fewer faults than that, the next call is hit.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from hub.sandbox import torture
from hub.sandbox.call import Answer
from hub.sandbox.chance import Chance
from hub.sandbox.ledger import Journal
from hub.sandbox.settings import Settings

# Faults of calls. Those named `_before` leave the effect undone, the others come after it was done.
BEFORE = ("503_before", "reset_before", "timeout_before", "429")
AFTER = ("503_after", "reset_after", "timeout_after", "truncated_after", "500_kept")
SCRIPTED = ("refused",)  # which nothing but a script asks for; they leave the effect undone, too
Weights = tuple[tuple[str, int], ...]
_CALL_WEIGHTS: Weights = (
    ("503_before", 3), ("503_after", 4), ("timeout_after", 3), ("timeout_before", 1), ("reset_before", 1),
    ("reset_after", 3), ("429", 3), ("truncated_after", 3), ("500_kept", 1),
)  # fmt: skip
_WEBHOOK_WEIGHTS: Weights = (
    ("webhook_duplicate", 3),
    ("webhook_late", 2),
    ("webhook_reordered", 3),
    ("webhook_lost", 2),
)
_MAIL_WEIGHTS: Weights = (("smtp_4xx", 3), ("smtp_drop_after_data", 2), ("smtp_drop_before_data", 1))


@dataclass(frozen=True)
class Level:
    """How rough it gets: the share of calls, webhooks and mails that a fault befalls, and the floor kept for calls.

    `burst` is how many times in a row one and the same request is hit: faults come in bursts, but none lasts for ever.
    `calls`, `webhooks` and `mails` are the kinds of faults there are, each with its weight.
    """

    name: str
    share: float
    floor: float
    burst: int = 3
    calls: Weights = _CALL_WEIGHTS
    webhooks: Weights = _WEBHOOK_WEIGHTS
    mails: Weights = _MAIL_WEIGHTS


LEVELS = {
    "calm": Level("calm", 0.0, 0.0),
    "rough": Level("rough", 0.12, 0.10),
    "storm": Level("storm", 0.33, 0.30, burst=4),
    "torture": Level(
        "torture",
        0.2,
        0.18,
        3,
        (*_CALL_WEIGHTS, *torture.CALLS),
        (*_WEBHOOK_WEIGHTS, *torture.WEBHOOKS),
        (*_MAIL_WEIGHTS, *torture.MAILS),
    ),
}


def undone(kind: str) -> bool:
    """Whether a call with this fault never reaches the provider."""
    return kind in BEFORE or kind in SCRIPTED or kind in torture.BEFORE


@dataclass
class Scripted:
    """The next `times` matching calls get this fault. `target` is searched in "METHOD prefix/path body"."""

    target: re.Pattern[str]
    kind: str
    times: int


class Faults:
    """Decides faults and keeps the census by kind, in memory and on disk."""

    def __init__(self, level: Level, chance: Chance, settings: Settings, directory: Path) -> None:
        self.level = level
        self.census: Counter[str] = Counter()
        self.calls = 0
        self._chance = chance
        self._settings = settings
        self._journal = Journal(directory / "faults.jsonl")
        self._scripts: list[Scripted] = []
        self._seen: dict[bytes, tuple[int, int]] = {}  # request -> (times asked, faults in a row)
        self._hit = 0

    def script(self, target: str, kind: str, times: int = 1) -> None:
        """Lets the next calls, webhooks or mails that match fail in this way (works at every level)."""
        self._scripts.append(Scripted(re.compile(target, re.DOTALL), kind, times))

    def for_call(self, prefix: str, method: str, path: str, body: bytes, now: float) -> str | None:
        """The fault this call suffers, or None. Every call must be asked about exactly once."""
        self.calls += 1
        identity = blake2b(f"{method} {prefix}/{path} ".encode() + body, digest_size=12).digest()
        times, streak = self._seen.get(identity, (0, 0))
        if len(self._seen) > 100_000:  # a long run must not remember every request it ever saw
            self._seen.clear()
        kind = self._scripted(f"{method} {prefix}/{path} {body.decode('utf-8', 'replace')}")
        if kind is None and streak < self.level.burst and self._befalls(identity, times):
            kind = self._chance.weighted(self.level.calls, "kind", identity, times)
            keeps = prefix.startswith("stripe/") and method == "POST"
            kind = "503_after" if kind == "500_kept" and not keeps else kind
        self._seen[identity] = (times + 1, streak + 1 if kind else 0)
        if kind:
            self._hit += 1
            self._count(kind, prefix, now)
        return kind

    def for_webhook(self, prefix: str, topic: str, number: int, now: float) -> str | None:
        """The fault this webhook suffers on its first way out, or None."""
        kind = self._scripted(f"webhook {prefix} {topic}")
        if kind is None and self._chance.share("webhook", prefix, number) < self.level.share:
            kind = self._chance.weighted(self.level.webhooks, "webhook kind", prefix, number)
        if kind:
            self._count(kind, prefix, now)
        return kind

    def for_mail(self, message_id: str, now: float) -> str | None:
        """The fault this handing-in of a mail suffers, or None."""
        identity = b"mail " + message_id.encode()
        times, streak = self._seen.get(identity, (0, 0))
        kind = self._scripted(f"mail {message_id}")
        befalls = self._chance.share("mail", message_id, times) < self.level.share
        # Mail is sent three times at most: a fault that always hits thrice would only test the mailbox's patience.
        if kind is None and streak < min(2, self.level.burst) and befalls:
            kind = self._chance.weighted(self.level.mails, "mail kind", message_id, times)
        self._seen[identity] = (times + 1, streak + 1 if kind else 0)
        if kind:
            self._count(kind, "mailbox", now)
        return kind

    def spoil(self, kind: str, answer: Answer | None, prefix: str) -> Answer:
        """What the caller sees. `answer` is the provider's own for faults that come after the effect."""
        if kind in _SPOIL:
            return _SPOIL[kind](answer or Answer(503), self._settings, prefix)
        return torture.spoil(kind, answer or Answer(503), self.census[kind], self._settings)

    def calm(self) -> None:
        """From now on nothing goes wrong but what a script says."""
        self.level = LEVELS["calm"]

    def close(self) -> None:
        self._journal.close()

    def _befalls(self, identity: bytes, times: int) -> bool:
        behind = self._hit + 1 < self.level.floor * self.calls
        return behind or self._chance.share("call", identity, times) < self.level.share

    def _scripted(self, target: str) -> str | None:
        for script in self._scripts:
            if script.times > 0 and script.target.search(target):
                script.times -= 1
                return script.kind
        return None

    def _count(self, kind: str, prefix: str, now: float) -> None:
        self.census[kind] += 1
        self._journal.write({"at": now, "kind": kind, "prefix": prefix})


def _unavailable(answer: Answer, settings: Settings, prefix: str) -> Answer:
    page = b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"
    return Answer(503, page, (("Content-Type", "text/html"),))


def _hang(answer: Answer, settings: Settings, prefix: str) -> Answer:
    return replace(answer, hold=settings.hold_seconds, ending="hang")


def _reset(answer: Answer, settings: Settings, prefix: str) -> Answer:
    return replace(answer, ending="reset")


def _too_many(answer: Answer, settings: Settings, prefix: str) -> Answer:
    """Each provider says it in its own way; Shopify's GraphQL says it with a 200."""
    wait = settings.retry_after_seconds
    if prefix.startswith("shopify/"):
        return _throttled()
    name = "x-retry-after" if prefix.startswith("shipbob/") else "Retry-After"
    body = b'{"error":{"code":"rate_limit","message":"Too many requests.","type":"invalid_request_error"}}'
    return Answer(429, body, (("Content-Type", "application/json"), (name, f"{wait:g}")))


def _refuse(answer: Answer, settings: Settings, prefix: str) -> Answer:
    """The provider says no: a card is declined, a rule of its own is broken. Only ever by script."""
    body = b'{"error":{"type":"card_error","code":"card_declined","message":"Your card was declined."}}'
    return Answer(402 if prefix.startswith("stripe/") else 422, body, (("Content-Type", "application/json"),))


def _throttled() -> Answer:
    body = (
        b'{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED","documentation":'
        b'"https://shopify.dev/api/usage/rate-limits"}}],"extensions":{"cost":{"requestedQueryCost":52,'
        b'"actualQueryCost":null,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":0,"restoreRate":100.0}}}}'
    )
    return Answer(200, body, (("Content-Type", "application/json; charset=utf-8"),))


def _truncated(answer: Answer, settings: Settings, prefix: str) -> Answer:
    """Odd lengths end as valid HTTP around broken JSON, even ones break off before Content-Length is reached."""
    if len(answer.body) % 2:
        return replace(answer, body=answer.body[: len(answer.body) // 2])
    return replace(answer, ending="short")


def _as_it_is(answer: Answer, settings: Settings, prefix: str) -> Answer:
    return answer


_SPOIL = {
    "503_before": _unavailable,
    "503_after": _unavailable,
    "timeout_before": _hang,
    "timeout_after": _hang,
    "reset_before": _reset,
    "reset_after": _reset,
    "429": _too_many,
    "refused": _refuse,
    "truncated_after": _truncated,
    "500_kept": _as_it_is,  # the provider itself answers 500 and remembers it under the key
}
