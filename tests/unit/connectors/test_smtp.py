from __future__ import annotations

import email
import email.policy
import ssl
import time
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from hub.connector.connection import Account, Connection
from hub.connector.load import load
from hub.connector.promise import Overrides
from hub.language.decode import decode_json
from hub.model.contract import CannotPrepare
from hub.model.outcome import Verdict
from tests.unit.connectors.mailserver import Server
from tests.unit.wire.server import unused_port
from tests.unit.wire.test_tls import certificate

__all__ = ["certificate"]

REFERENCE = "cdexample000000000000000001"


@pytest.fixture(scope="module")
def connector(checkout: Path) -> Any:
    return load(checkout / "connectors/smtp")


def connection(connector: Any, server: Server | None = None, mode: str = "live", **settings: Any) -> Connection:
    given = {"host": "127.0.0.1", "port": server.port if server else 25, "security": "none"}
    given |= {"from_address": "orders@shop.example", "from_name": "Kestrel & Clay"} | settings
    account = Account(
        "mail",
        mode,
        given,
        {"password": "${env:P}"},
        private_targets=frozenset({"127.0.0.1"}),
        overrides=Overrides(connect_seconds=2, total_seconds=2),
    )
    return Connection(connector, account, lambda reference: "a-password")


def message(**changes: Any) -> dict[str, Any]:
    told = {"kind": "shipped", "to": "mina@buyer.example", "subject": "On its way", "text": "Hello\n.\n..dots\n"}
    return {
        "reference": REFERENCE,
        "message": told | {"html": "<p>Hello</p>", "message_id": "<k1@shop.example>"} | changes,
    }


def stored(line: Connection, **changes: Any) -> dict[str, Any]:
    prepared: dict[str, Any] = decode_json(line.prepare("notification.send", message(**changes)))["hatch"]
    return prepared


def parsed(prepared: dict[str, Any]) -> Any:
    return email.message_from_string(prepared["content"], policy=email.policy.SMTP)


def test_the_whole_mail_is_written_at_prepare_time(connector: Any) -> None:
    prepared = stored(connection(connector, reply_to="help@shop.example"))
    mail = parsed(prepared)
    assert mail["Message-ID"] == "<k1@shop.example>" == prepared["message_id"]
    assert 'From: "Kestrel & Clay" <orders@shop.example>' in prepared["content"]
    assert (mail["To"], mail["Reply-To"]) == ("mina@buyer.example", "help@shop.example")
    assert mail["Date"].datetime is not None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content().splitlines() == ["Hello", ".", "..dots"]
    assert mail.get_body(("html",)).get_content().strip() == "<p>Hello</p>"
    assert prepared["content"].isascii()


def _display_name(prepared: dict[str, Any]) -> str:
    """As mail programs read it (the standard library's newer parser puts spaces between encoded words)."""
    phrase = str(email.message_from_string(prepared["content"])["From"])
    if "=?" not in phrase:
        return parseaddr(phrase)[0]
    return str(make_header(decode_header(phrase.rpartition(" <")[0])))


@pytest.mark.parametrize(
    "subject", ["Přišla č. 5 – ščř " * 12, "ご注文 #1001 を発送しました" * 5, "plain " * 60, 'a "b" \\ c']
)
@pytest.mark.parametrize(
    "name", ["Késtrel, Clay & Söhne GmbH in der langen Straße zu Bad Homburg vor der Höhe", 'A "b" \\ c, d', ""]
)
def test_headers_of_any_length_and_language_survive(connector: Any, subject: str, name: str) -> None:
    long = "x" * 60 + "@notifications.kestrel-and-clay-company.example"
    prepared = stored(connection(connector, from_name=name, from_address=long), subject=subject.strip(), to=long)
    mail = parsed(prepared)
    assert mail["Subject"] == subject.strip()
    assert mail["From"].addresses[0].addr_spec == long
    assert _display_name(prepared) == name
    assert [entry.addr_spec for entry in mail["To"].addresses] == [long]
    assert all(len(line) < 998 for line in prepared["content"].split("\r\n"))


@pytest.mark.parametrize(
    ("given", "identity"), [("k2", "<k2@shop.example>"), ("", f"<{REFERENCE}@shop.example>"), ("<a@b.c>", "<a@b.c>")]
)
def test_a_bare_key_is_completed_with_the_senders_host(connector: Any, given: str, identity: str) -> None:
    assert stored(connection(connector), message_id=given)["message_id"] == identity


def test_outside_live_the_test_recipient_gets_the_mail(connector: Any) -> None:
    prepared = stored(connection(connector, mode="test", test_recipient="owner@shop.example"))
    assert prepared["to"] == "owner@shop.example" == parsed(prepared)["To"]
    assert parsed(prepared)["X-Meant-For"] == "mina@buyer.example"
    with pytest.raises(CannotPrepare, match="customers are not written to"):
        stored(connection(connector, mode="test"))
    with pytest.raises(CannotPrepare, match="live"):
        stored(connection(connector, mode="live", test_recipient="owner@shop.example"))


def test_no_known_injection_reaches_a_mail(connector: Any, shared: Path) -> None:
    line = connection(connector)
    rows = (shared / "corpora/attacks/header_mail_injection.tsv").read_text().splitlines()[1:]
    fields = {"customer.email": "to", "subject": "subject", "customer.name": "subject"}
    for field, value in (row.split("\t") for row in rows if row.split("\t")[0] in fields):
        raw = value.encode("latin-1", "backslashreplace").decode("unicode_escape")
        with pytest.raises(CannotPrepare):
            stored(line, **{fields[field]: raw})


def test_the_stored_bytes_are_what_the_server_gets_every_time(connector: Any) -> None:
    contents = []
    body = None
    for _ in range(2):
        with Server() as server:
            line = connection(connector, server)
            body = body or line.prepare("notification.send", message())
            outcome = line.send("notification.send", body, None)
            contents.append(server.content)
        assert outcome.verdict is Verdict.DONE
        assert outcome.result == {"id": "<k1@shop.example>"}
    assert contents[0] == contents[1]
    assert b"\r\n..\r\n...dots" in contents[0]
    assert server.said[:3] == [
        b"ehlo shop.example",
        b"mail FROM:<orders@shop.example>",
        b"rcpt TO:<mina@buyer.example>",
    ]


@pytest.mark.parametrize(
    ("command", "reply", "verdict", "code"),
    [
        ("MAIL", b"451 later\r\n", Verdict.NOT_EXECUTED, "451"),
        ("MAIL", b"530 sign in first\r\n", Verdict.AUTH, "530"),
        ("MAIL", b"552 too large\r\n", Verdict.REFUSED, "552"),
        ("MAIL", None, Verdict.NOT_EXECUTED, "not_sent"),
        ("RCPT", b"450 greylisted\r\n", Verdict.NOT_EXECUTED, "450"),
        ("RCPT", b"550 no such user\r\n", Verdict.REFUSED, "550"),
        ("RCPT", b"421 closing\r\n", Verdict.NOT_EXECUTED, "421"),
        ("RCPT", None, Verdict.NOT_EXECUTED, "not_sent"),
        ("DATA", b"451 later\r\n", Verdict.NOT_EXECUTED, "451"),
        ("DATA", b"554 no\r\n", Verdict.REFUSED, "554"),
        ("DATA", None, Verdict.NOT_EXECUTED, "not_sent"),
        (".", b"451 later\r\n", Verdict.NOT_EXECUTED, "451"),
        (".", b"554 spam\r\n", Verdict.REFUSED, "554"),
        (".", b"999 what\r\n", Verdict.UNKNOWN, "999"),
        (".", b"nonsense\r\n", Verdict.UNKNOWN, "-1"),
        (".", None, Verdict.UNKNOWN, "unanswered"),
        ("EHLO", b"550 no\r\n", Verdict.NOT_EXECUTED, "not_sent"),
    ],
)
def test_what_an_answer_means_depends_on_where_it_came(
    connector: Any, command: str, reply: bytes | None, verdict: Verdict, code: str
) -> None:
    with Server({command: reply, "HELO": None}) as server:
        line = connection(connector, server)
        outcome = line.send("notification.send", line.prepare("notification.send", message()), None)
    assert (outcome.verdict, outcome.code) == (verdict, code)


@pytest.mark.parametrize(
    ("greeting", "verdict"), [(b"421 busy\r\n", Verdict.NOT_EXECUTED), (b"554 go away\r\n", Verdict.AUTH)]
)
def test_a_server_that_does_not_let_us_in_says_nothing_about_the_message(
    connector: Any, greeting: bytes, verdict: Verdict
) -> None:
    with Server(greeting=greeting) as server:
        line = connection(connector, server)
        assert line.send("notification.send", line.prepare("notification.send", message()), None).verdict is verdict


def test_a_trickling_server_does_not_outlive_the_deadline(connector: Any) -> None:
    with Server(trickle=True) as server:
        line = connection(connector, server)
        started = time.monotonic()
        outcome = line.send("notification.send", line.prepare("notification.send", message()), None)
        assert time.monotonic() - started < 3
    assert outcome.verdict is Verdict.NOT_EXECUTED


def test_nobody_listening_is_not_sent_and_an_unnamed_private_host_is_blocked(connector: Any) -> None:
    line = connection(connector, port=1)
    assert line.send("notification.send", line.prepare("notification.send", message()), None).code == "not_sent"
    guarded = connection(connector, host="10.1.2.3", port=25)
    outcome = guarded.send("notification.send", guarded.prepare("notification.send", message()), None)
    assert (outcome.verdict, outcome.code) == (Verdict.HELD, "blocked")


def test_a_password_is_never_sent_in_the_clear(connector: Any) -> None:
    with Server({"EHLO": b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n"}) as server:
        line = connection(connector, server, username="u")
        outcome = line.send("notification.send", line.prepare("notification.send", message()), None)
    assert (outcome.verdict, outcome.code) == (Verdict.AUTH, "not_supported")
    assert not any(b"AUTH" in said.upper() for said in server.said)


def test_a_server_without_starttls_gets_nothing(connector: Any) -> None:
    with Server() as server:
        line = connection(connector, server, security="starttls")
        outcome = line.send("notification.send", line.prepare("notification.send", message()), None)
    assert outcome.verdict is Verdict.AUTH
    assert server.said == [b"ehlo shop.example", b"quit"]


class _Inbox:
    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.contents.append(envelope.content)
        return "250 taken"


def _sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"a-password", handled=False)


@pytest.fixture
def secure(certificate: Path) -> Iterator[tuple[Controller, _Inbox]]:
    """A real server that wants STARTTLS and a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    inbox = _Inbox()
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=unused_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=_sign_in,
        auth_required=True,
    )
    controller.start()
    yield controller, inbox
    controller.stop()


@pytest.mark.parametrize(
    ("trusted", "password", "verdict", "code"),
    [
        (True, "a-password", Verdict.DONE, "250"),
        (True, "another", Verdict.AUTH, "535"),
        (False, "a-password", Verdict.NOT_EXECUTED, "not_sent"),
    ],
)
def test_tls_is_verified_and_the_password_goes_inside_it(
    connector: Any, secure: Any, certificate: Path, trusted: bool, password: str, verdict: Verdict, code: str
) -> None:
    controller, inbox = secure
    account = Account(
        "mail",
        "live",
        {"host": "127.0.0.1", "port": controller.port, "username": "u", "from_address": "orders@shop.example"},
        {"password": "${env:P}"},
        private_targets=frozenset({"127.0.0.1"}),
        ca_file=str(certificate) if trusted else None,
    )
    line = Connection(connector, account, lambda reference: password)
    outcome = line.send("notification.send", line.prepare("notification.send", message()), None)
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(inbox.contents) == (1 if verdict is Verdict.DONE else 0)
