"""Mail by SMTP: the whole message is written once and stored; sending hands over those bytes and nothing else.

What a broken conversation means depends on how far it came. Until the content is on its way nothing has happened, and
the server's own word decides (4xx: later, 5xx: never). From the first byte of the content until its answer none knows.
"""

from __future__ import annotations

import base64
import hashlib
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from hub.model.outcome import Outcome, Verdict
from hub.wire.call import NotSent
from hub.wire.channel import tls_context
from hub.wire.hatch import HatchContext
from hub.wire.mail import address_fault, ascii_domain, value_fault
from hub.wire.reach import reach

PORTS = frozenset({25, 465, 587, 2525})
_ID = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,200}(?:@[A-Za-z0-9.-]{1,200})?")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_WORD_BYTES = 45  # of one encoded word, so that it stays below the 75 characters it may have


class Unusable(ValueError):
    """The message or the connection's settings cannot be made into a mail."""


def prepare_notification_send(given: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """{from, to, message_id, content}: `content` is the RFC 5322 text with its Date, which every later try repeats."""
    message = given["message"]
    sender = _address(settings["from_address"], "the sender's address")
    meant_for = _address(message["to"], "the recipient's address")
    to = _address(settings["test_recipient"], "the test recipient") if settings.get("test_recipient") else meant_for
    identity = _message_id(message.get("message_id") or given["reference"], sender)
    name = _line(settings.get("from_name") or "", "the sender's name")
    headers = {
        "Message-ID": identity,
        "Date": format_datetime(datetime.now(UTC)),
        "From": f"{_phrase(name)} <{sender}>" if name else sender,
        "To": to,
        "Reply-To": _address(settings["reply_to"], "the reply address") if settings.get("reply_to") else None,
        "X-Meant-For": meant_for if to != meant_for else None,
        "Subject": _text(_line(message["subject"], "the subject")),
        "Auto-Submitted": "auto-generated",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    content = head + _parts(str(message["text"]), message.get("html"), identity)
    return {"from": sender, "to": to, "message_id": identity, "content": content}


def send_notification_send(stored: Mapping[str, Any], context: HatchContext) -> Outcome:
    """One conversation, one message. The outcome's `code` is the server's number where it gave one."""
    progress = _Progress()
    try:
        with _conversation(context) as server:
            refusal = _offer(server, stored)
            return refusal or _hand_over(server, stored, progress)
    except NotSent:
        raise
    except smtplib.SMTPResponseException as error:
        return _not_admitted(error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        return Outcome(Verdict.AUTH, code="not_supported", message=str(error)[:200])
    except (OSError, smtplib.SMTPException) as error:
        what = type(error).__name__
        if progress.content_began:
            return Outcome(Verdict.UNKNOWN, code="unanswered", message=f"the server's answer did not come ({what})")
        return Outcome(Verdict.NOT_EXECUTED, code="not_sent", message=f"broke off before the message was sent ({what})")


class _Progress:
    def __init__(self) -> None:
        self.content_began = False


def _offer(server: smtplib.SMTP, stored: Mapping[str, Any]) -> Outcome | None:
    """Sender, recipient and DATA; None when the server asks for the content."""
    code, text = server.mail(stored["from"])
    if code == 250:
        code, text = server.rcpt(stored["to"])
    if code in (250, 251):
        code, text = server.docmd("DATA")
    return None if code == 354 else _told(code, text)


def _hand_over(server: smtplib.SMTP, stored: Mapping[str, Any], progress: _Progress) -> Outcome:
    content = _LEADING_DOT.sub(b"..", stored["content"].encode("ascii"))
    progress.content_began = True
    server.send(content.removesuffix(b"\r\n") + b"\r\n.\r\n")
    code, text = server.getreply()
    if code != 250:
        return _told(code, text)
    return Outcome(Verdict.DONE, {"id": stored["message_id"]}, code="250")


def _told(code: int, text: bytes | str) -> Outcome:
    """What a reply that is not a yes means. Even after the content it is the server's word that it did not take it."""
    if 400 <= code < 500:
        return Outcome(Verdict.NOT_EXECUTED, code=str(code), message=_words(code, text))
    if code == 530:  # it wants a password first
        return Outcome(Verdict.AUTH, code=str(code), message=_words(code, text))
    if 500 <= code < 600:
        return Outcome(Verdict.REFUSED, code=str(code), message=_words(code, text))
    return Outcome(Verdict.UNKNOWN, code=str(code), message=_words(code, text))


def _not_admitted(code: int, text: bytes | str) -> Outcome:
    """Refused before the message was spoken of (greeting, TLS, password): the connection is at fault."""
    verdict = Verdict.AUTH if 500 <= code < 600 else Verdict.NOT_EXECUTED
    return Outcome(verdict, code=str(code), message=_words(code, text))


def _words(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:200]


@contextmanager
def _conversation(context: HatchContext) -> Iterator[smtplib.SMTP]:
    """A greeted, encrypted (as the settings say) and authenticated server, gone when the call's time is over."""
    settings = context.settings
    ends = time.monotonic() + context.timeout.total
    sock = reach(str(settings["host"]), int(settings["port"]), context.policy, context.timeout.connect, PORTS)
    sock.settimeout(max(ends - time.monotonic(), 0.01))
    server = _Server(_encrypted(sock, context), ascii_domain(str(settings["from_address"]).rpartition("@")[2]))
    # Each read has the socket's time-out, but a server that trickles could draw out a conversation for ever.
    watchdog = threading.Timer(max(ends - time.monotonic(), 0.01), server.hang_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        server.greet()
        _sign_in(server, context)
        yield server
    finally:
        watchdog.cancel()
        server.leave()


class _Server(smtplib.SMTP):
    """smtplib's conversation, on a socket that we opened after judging its address."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        super().__init__(local_hostname=name or "localhost")
        self.sock = sock
        self._overdue = False

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        if self._overdue:  # what was read is the beginning of a reply whose end we did not wait for
            raise smtplib.SMTPServerDisconnected("no complete answer within the deadline")
        return code, text

    def greet(self) -> None:
        code, text = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        self.ehlo_or_helo_if_needed()

    def encrypt(self, host: str, context: ssl.SSLContext) -> None:
        """STARTTLS; `host` is the name that the certificate must have."""
        self._host = host
        self.starttls(context=context)
        self.ehlo()

    def sign_in(self, user: str, password: str) -> None:
        """One try by one mechanism: smtplib's login tries a wrong password by each of them, which locks accounts."""
        self.user, self.password = user, password
        offered = str(self.esmtp_features.get("auth", "")).upper().split()
        mechanisms: dict[str, Any] = {
            "PLAIN": self.auth_plain,
            "LOGIN": self.auth_login,
            "CRAM-MD5": self.auth_cram_md5,
        }
        chosen = next((name for name in mechanisms if name in offered), None)
        if chosen is None:
            raise smtplib.SMTPNotSupportedError("the server offers no way to sign in that is known here")
        self.auth(chosen, mechanisms[chosen])

    def hang_up(self) -> None:
        self._overdue = True
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def leave(self) -> None:
        """Says goodbye without waiting for an answer: the outcome is already known."""
        with suppress(OSError, smtplib.SMTPException):
            self.putcmd("quit")
        self.close()


def _encrypted(sock: socket.socket, context: HatchContext) -> socket.socket:
    if context.settings["security"] != "tls":
        return sock
    try:
        return tls_context(context.policy.ca_file).wrap_socket(sock, server_hostname=str(context.settings["host"]))
    except (OSError, ValueError) as error:
        raise NotSent(f"TLS with the mail server failed ({type(error).__name__})") from error


def _sign_in(server: _Server, context: HatchContext) -> None:
    settings = context.settings
    if settings["security"] == "starttls":
        server.encrypt(str(settings["host"]), tls_context(context.policy.ca_file))
    if settings.get("username"):
        if settings["security"] == "none":
            raise smtplib.SMTPNotSupportedError("a password is never sent without TLS: set security to starttls or tls")
        server.sign_in(str(settings["username"]), context.secret("password"))


def _parts(text: str, html: str | None, identity: str) -> str:
    """The MIME headers and the body, in ASCII. The boundary depends on the message alone."""
    parts = EmailMessage(policy=SMTP.clone(max_line_length=76))
    parts.set_content(text, cte="quoted-printable")
    if html:
        parts.add_alternative(html, subtype="html", cte="quoted-printable")
        parts.set_boundary("=_" + hashlib.sha256(identity.encode()).hexdigest()[:32])
    return parts.as_bytes().decode("ascii")


def _text(value: str) -> str:
    """Free text of a header, as encoded words where it is not ASCII. (The standard library folds long ones wrongly.)"""
    if value.isascii():
        return value
    chunks = [b""]
    for character in value:
        raw = character.encode()
        if len(chunks[-1]) + len(raw) > _WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += raw
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in chunks)


def _phrase(name: str) -> str:
    """A display name before an address."""
    return '"' + re.sub(r'([\\"])', r"\\\1", name) + '"' if name.isascii() else _text(name)


def _message_id(given: str, sender: str) -> str:
    """`<key@host-of-sender>`; a caller that knows the host may give it whole."""
    bare = str(given).strip("<>")
    if not _ID.fullmatch(bare):
        raise Unusable("the message id is not one")
    return f"<{bare if '@' in bare else bare + '@' + sender.rpartition('@')[2]}>"


def _address(text: object, what: str) -> str:
    """One plain address with its domain in the form that goes on the wire."""
    address = str(text or "").strip(" ")
    fault = address_fault(address)
    if fault:
        raise Unusable(f"{what} {fault}")
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _line(text: object, what: str) -> str:
    fault = value_fault(str(text))
    if fault:
        raise Unusable(f"{what} {fault}")
    return str(text)
