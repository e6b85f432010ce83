"""The mailbox's SMTP server, on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.sandbox.mailbox import Reception

Receive = Callable[[str, list[str], bytes], Reception]


class _Handler:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        reception = self._receive(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        if reception.hold:
            await asyncio.sleep(reception.hold)
        if reception.drop and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return reception.reply or "421 4.3.0 Closing"


class SmtpServer:
    """`start()` gives the port; the server needs no login and speaks no TLS, as a relay on the same machine does."""

    def __init__(self, receive: Receive, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self._receive = receive
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sandbox-smtp", daemon=True)
        self._ready = threading.Event()

    def start(self) -> int:
        self._thread.start()
        self._ready.wait(10)
        return self.port

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, self.host, self.port, reuse_address=True)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _protocol(self) -> Any:
        return SMTP(_Handler(self._receive), hostname="mail.sandbox.example", enable_SMTPUTF8=True, loop=self._loop)
