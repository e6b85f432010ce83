"""The SMTP hatch in process: its conversation is with the world's mailbox instead of a socket, its Date is ours."""

from __future__ import annotations

import smtplib
import types
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo

from hub.sandbox.mailbox import Reception
from hub.wire.call import NotSent
from hub.wire.hatch import HatchContext
from tests.simulation.clock import VirtualClock
from tests.simulation.network import Network

ACCOUNT = "mailbox"


class Conversation:
    """A mail server as far as the hatch speaks to one: everything is welcome until the content is handed over."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sender = self._recipient = ""
        self._reception: Reception | None = None

    def mail(self, sender: str) -> tuple[int, bytes]:
        self._sender = sender
        return 250, b"OK"

    def rcpt(self, recipient: str) -> tuple[int, bytes]:
        self._recipient = recipient
        return 250, b"OK"

    def docmd(self, word: str) -> tuple[int, bytes]:
        return 354, b"Go ahead"

    def send(self, content: bytes) -> None:
        raw = content.removesuffix(b"\r\n.\r\n").replace(b"\r\n..", b"\r\n.") + b"\r\n"
        self._reception = self._network.mail(self._sender, self._recipient, raw)

    def getreply(self) -> tuple[int, bytes]:
        reception = self._reception
        if reception is None or reception.drop:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        code, _, text = reception.reply.partition(" ")
        return int(code), text.encode()


def put_in_process(module: types.ModuleType, network: Network, clock: VirtualClock) -> None:
    """Gives a loaded SMTP hatch the world's mailbox and the run's clock."""

    @contextmanager
    def conversation(context: HatchContext) -> Iterator[Conversation]:
        outage = network.down(ACCOUNT)
        if outage is not None:
            network.census[f"outage: {'silent' if outage.silent else 'refused'}"] += 1
        if outage is not None and outage.silent:
            network.clock.spend(context.timeout.total)
            raise NotSent("the mail server is silent")
        if outage is not None:
            raise NotSent("connection refused")
        yield Conversation(network)

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now()

    module.__dict__["_conversation"] = conversation
    module.__dict__["datetime"] = Now
