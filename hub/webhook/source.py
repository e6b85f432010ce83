"""A source made from its manifest: judges a delivery, and names its topic, its id and what becomes of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.language.decode import DecodeError, canonical_json, decode_json
from hub.language.evaluate import truthy
from hub.language.expression import Expression, ExpressionError
from hub.webhook.headers import Headers
from hub.webhook.manifest import WebhookManifest
from hub.webhook.ping import PingRule
from hub.webhook.signature import Keys
from hub.webhook.verdict import Reason
from hub.webhook.verifier import Verifier

UNKNOWN_KIND = "unknown"
MAX_NAME_CHARACTERS = 200

_NAME = re.compile(r"[\x21-\x7e]+")
_UNREAD = object()


@dataclass(frozen=True)
class Rule:
    """What a topic means; see the manifest's Entry."""

    kind: str
    mapping: str | None
    require: Expression | None


@dataclass(frozen=True)
class Judgement:
    """What is known of a delivery. Where it is not verified, everything but `reason` is a claim of the sender's.

    `source_id` is the delivery's id as the source gives it ("" where it gives none), `delivery_id` the one that
    repeats are recognised by. `digest` is the SHA-256 of the body, in hex, without its volatile fields.
    """

    reason: Reason
    topic: str
    source_id: str
    delivery_id: str
    kind: str
    mapping: str | None
    digest: str


@dataclass(frozen=True)
class Source:
    """A compiled manifest. Made by `hub.webhook.load.load_source`; judging never raises."""

    manifest: WebhookManifest
    hash: str
    verifier: Verifier
    pings: tuple[PingRule, ...]
    topic_body: Expression | None
    id_body: Expression | None
    rules: Mapping[str, Rule]
    volatile: tuple[tuple[str, ...], ...]

    def judge(
        self, headers: Headers, body: bytes, keys: Keys, settings: Mapping[str, Any] | None, now: int
    ) -> Judgement:
        """`now` is in epoch seconds. `settings` are the connection's; None leaves bindings unchecked, where there is
        no connection yet."""
        reason = self.verifier.verify(headers, body, keys, now)
        if not reason.verified:
            # A ping is unsigned by declaration: one that carries a signature has been judged by it.
            pinged = reason is Reason.HEADER_MISSING and any(ping.matches(headers, body) for ping in self.pings)
            return _unnamed(Reason.PING if pinged else reason)
        if settings is not None and not self._bound(headers, settings):
            return _unnamed(Reason.BINDING_MISMATCH)
        return self._name(_Reading(body), headers, settings or {})

    def _bound(self, headers: Headers, settings: Mapping[str, Any]) -> bool:
        for binding in self.manifest.bindings:
            wanted, named = settings.get(binding.setting), headers.all(binding.header)
            if not isinstance(wanted, str) or [name.lower() for name in named] != [wanted.lower()]:
                return False
        return True

    def _name(self, reading: _Reading, headers: Headers, settings: Mapping[str, Any]) -> Judgement:
        topic = self._topic(reading, headers)
        rule = self.rules.get(topic, _UNKNOWN)
        if rule.require is not None and not _truth(rule.require, reading, settings):
            return _unnamed(Reason.TOPIC_CONTRADICTED)
        digest = self._digest(reading)
        source_id = self._source_id(reading, headers)
        delivery_id = source_id or f"sha256:{digest}"
        if source_id and not self.manifest.delivery_id.unique:
            delivery_id = f"{source_id}:{digest[:32]}"
        return Judgement(Reason.VERIFIED, topic, source_id, delivery_id, rule.kind, rule.mapping, digest)

    def _topic(self, reading: _Reading, headers: Headers) -> str:
        header = self.manifest.topic.header
        return _name(headers.first(header) if header else _text(self.topic_body, reading))

    def _source_id(self, reading: _Reading, headers: Headers) -> str:
        for header in self.manifest.delivery_id.headers:
            found = _name(headers.first(header))
            if found:
                return found
        return _name(_text(self.id_body, reading))

    def _digest(self, reading: _Reading) -> str:
        if self.volatile and isinstance(reading.data, dict):
            steady = reading.data
            for path in self.volatile:
                steady = _without(steady, path)
            return hashlib.sha256(canonical_json(steady)).hexdigest()
        return hashlib.sha256(reading.body).hexdigest()


class _Reading:
    """A body, decoded at most once and only if something in it is asked for; None where it is not JSON."""

    __slots__ = ("_data", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._data: Any = _UNREAD

    @property
    def data(self) -> Any:
        if self._data is _UNREAD:
            try:
                self._data = decode_json(self.body)
            except DecodeError:
                # It is kept all the same, and held later with its cause: the signature says who sent it.
                self._data = None
        return self._data


_UNKNOWN = Rule(UNKNOWN_KIND, None, None)


def _unnamed(reason: Reason) -> Judgement:
    return Judgement(reason, "", "", "", UNKNOWN_KIND, None, "")


def _name(text: str) -> str:
    """`text` as a name that may be stored and shown; "" for one that is too long or is not printable ASCII."""
    return text if len(text) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(text) else ""


def _text(expression: Expression | None, reading: _Reading) -> str:
    if expression is None:
        return ""
    value = _evaluate(expression, {"source": reading.data})
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _truth(expression: Expression, reading: _Reading, settings: Mapping[str, Any]) -> bool:
    return truthy(_evaluate(expression, {"source": reading.data, "settings": settings}))


def _evaluate(expression: Expression, scope: Mapping[str, Any]) -> Any:
    try:
        return expression.evaluate(scope)
    except ExpressionError:
        return None


def _without(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    head, *rest = path
    if head not in document:
        return document
    copy = dict(document)
    if not rest:
        del copy[head]
    elif isinstance(copy[head], dict):
        copy[head] = _without(copy[head], tuple(rest))
    return copy
