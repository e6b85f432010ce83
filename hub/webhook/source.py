"""A source made from its manifest: judges a delivery, and names its topic, its id and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.language.expression import Expression
from hub.webhook.headers import Headers
from hub.webhook.manifest import WebhookManifest
from hub.webhook.ping import PingRule
from hub.webhook.reading import Reading, Selector, holds
from hub.webhook.signature import Keys
from hub.webhook.verdict import Reason
from hub.webhook.verifier import Verifier
from hub.wire.card import truncated

UNKNOWN_KIND = "unknown"
MAX_NAME_CHARACTERS = 200

_NAME = re.compile(r"[\x21-\x7e]+")


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
    repeats are recognised by. `body` is what may be kept: as it was sent, but for card numbers, which are truncated.
    `digest` is the SHA-256 of that body, in hex, without its volatile fields.
    """

    reason: Reason
    topic: str
    source_id: str
    delivery_id: str
    kind: str
    mapping: str | None
    digest: str
    body: bytes = b""


@dataclass(frozen=True)
class Source:
    """A compiled manifest. Made by `hub.webhook.load.load_source`; judging never raises."""

    manifest: WebhookManifest
    hash: str
    verifier: Verifier
    pings: tuple[PingRule, ...]
    topic_body: Selector | None
    id_body: Selector | None
    rules: Mapping[str, Rule]

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
        # The signature was over what was sent. The digest is not: with all else known, it would give the digits away.
        return self._name(Reading(truncated(body)), headers, settings or {})

    def _bound(self, headers: Headers, settings: Mapping[str, Any]) -> bool:
        for binding in self.manifest.bindings:
            wanted, named = settings.get(binding.setting), headers.all(binding.header)
            if not isinstance(wanted, str) or [name.lower() for name in named] != [wanted.lower()]:
                return False
        return True

    def _name(self, reading: Reading, headers: Headers, settings: Mapping[str, Any]) -> Judgement:
        topic = self._topic(reading, headers)
        rule = self.rules.get(topic, _UNKNOWN)
        if rule.require is not None and not holds(rule.require, reading, settings):
            return _unnamed(Reason.TOPIC_CONTRADICTED)
        digest = reading.digest(self.manifest.volatile)
        source_id = self._source_id(reading, headers)
        delivery_id = source_id or f"sha256:{digest}"
        if source_id and not self.manifest.delivery_id.unique:
            delivery_id = f"{source_id}:{digest[:32]}"
        return Judgement(Reason.VERIFIED, topic, source_id, delivery_id, rule.kind, rule.mapping, digest, reading.body)

    def _topic(self, reading: Reading, headers: Headers) -> str:
        if self.topic_body is not None:
            return _name(self.topic_body.word(reading))
        return _name(headers.first(self.manifest.topic.header or ""))

    def _source_id(self, reading: Reading, headers: Headers) -> str:
        for header in self.manifest.delivery_id.headers:
            found = _name(headers.first(header))
            if found:
                return found
        return _name(self.id_body.word(reading)) if self.id_body is not None else ""


_UNKNOWN = Rule(UNKNOWN_KIND, None, None)


def _unnamed(reason: Reason) -> Judgement:
    return Judgement(reason, "", "", "", UNKNOWN_KIND, None, "")


def _name(text: str) -> str:
    """`text` as a name that may be stored and shown; "" for one that is too long or is not printable ASCII."""
    return text if len(text) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(text) else ""
