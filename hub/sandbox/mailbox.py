"""Where the hub's mail arrives: it remembers every Message-ID, and what each letter was about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from hashlib import sha256

from hub.sandbox.desk import Desk

# What a subject says a letter is about; the first that fits counts.
_KINDS = (
    ("refunded", re.compile(r"refund", re.IGNORECASE)),
    ("cancelled", re.compile(r"cancel", re.IGNORECASE)),
    ("delivered", re.compile(r"deliver", re.IGNORECASE)),
    ("shipped", re.compile(r"ship|dispatch|on its way|tracking", re.IGNORECASE)),
)
_WORD = re.compile(r"[A-Za-z0-9]{8,40}")


@dataclass(frozen=True)
class Reception:
    """What the server says of a letter. `drop`: the connection breaks instead; `hold` seconds pass first."""

    reply: str
    drop: bool = False
    hold: float = 0.0


class Mailbox:
    """Every letter the hub handed in. An event is (recipient, kind, parcels); two Message-IDs for one are a double."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ledger = desk.ledger("mailbox")
        self.letters: dict[tuple[str, str, str], str] = {}  # event -> the first Message-ID
        self.seen: dict[str, bytes] = {}  # Message-ID -> hash of the bytes

    def receive(self, sender: str, recipients: Iterable[str], raw: bytes, now: float) -> Reception:
        """One DATA. Faults may refuse it, or break off before or after it was accepted."""
        letter = message_from_bytes(raw)
        identity = str(letter.get("Message-ID", "")).strip()
        fault = self.desk.faults.for_mail(identity, now)
        if fault == "smtp_4xx":
            return Reception("451 4.3.0 Requested action aborted: try again later")
        if fault == "smtp_drop_before_data":
            return Reception("", drop=True)
        self._file(letter, identity, sender, list(recipients), raw, now)
        slow = self.desk.settings.hold_seconds if fault == "smtp_slow_after_data" else 0.0
        return Reception("250 2.0.0 Accepted", drop=fault == "smtp_drop_after_data", hold=slow)

    def _file(self, letter: Message, identity: str, sender: str, recipients: list[str], raw: bytes, now: float) -> None:
        text = body_of(letter)
        subject = str(make_header(decode_header(letter.get("Subject", ""))))
        parcels = sorted({word for word in _WORD.findall(text) if word in self.desk.parcels or self._label(word)})
        for recipient in recipients:
            order = self.desk.find(recipient, None)
            kind = kind_of(subject, bool(parcels))
            event = (recipient.casefold(), kind, " ".join(parcels))
            facts = {
                "message_id": identity, "email": recipient, "order": order.id if order else None, "about": kind,
                "parcels": parcels, "subject": subject, "from": sender, "hash": sha256(raw).hexdigest(),
            }  # fmt: skip
            first = self.letters.setdefault(event, identity)
            if first != identity or not identity:
                why = "the buyer had this letter before, under another Message-ID"
                self.ledger.double(now, "notification.send", why, **facts)
            resent = first == identity and identity in self.seen
            self.ledger.effect(now, "notification.send", **facts, resent=resent)
        self.seen[identity] = sha256(raw).digest()

    def _label(self, word: str) -> bool:
        """Labels are known before their parcel is handed in."""
        return word in self.desk.labels


def body_of(letter: Message) -> str:
    """All the text a person would see, both versions."""
    parts = [part for part in letter.walk() if part.get_content_maintype() == "text"]
    return "\n".join(_text_of(part) for part in parts)


def _text_of(part: Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)  # a text part is never multipart
    return content.decode(part.get_content_charset("utf-8"), "replace")


def kind_of(subject: str, names_parcel: bool) -> str:
    """confirmation, shipped, delivered, refunded or cancelled."""
    for kind, pattern in _KINDS:
        if pattern.search(subject):
            return kind
    return "shipped" if names_parcel else "confirmation"
