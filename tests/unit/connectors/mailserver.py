"""Mail servers that misbehave on cue: a script of replies by command, and where to hang up."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Server:
    """Answers each command by its first word. A reply of None hangs up; `trickle` sends its greeting byte by byte."""

    replies: dict[str, bytes | None] = field(default_factory=dict)
    greeting: bytes = b"220 ready\r\n"
    trickle: bool = False
    said: list[bytes] = field(default_factory=list)
    content: bytes = b""
    port: int = 0

    def __enter__(self) -> Server:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        with sock, sock.makefile("rb") as lines:
            try:
                self._greet(sock)
                self._talk(sock, lines)
            except OSError:
                return

    def _greet(self, sock: socket.socket) -> None:
        if not self.trickle:
            return sock.sendall(self.greeting)
        for _ in range(200):
            sock.sendall(b"2")
            threading.Event().wait(0.05)

    def _talk(self, sock: socket.socket, lines: object) -> None:
        defaults = {"EHLO": b"250 hello\r\n", "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go\r\n"}
        for line in lines:  # type: ignore[attr-defined]
            self.said.append(line.rstrip())
            word = line.split(b" ")[0].strip().decode().upper()
            reply = self.replies.get(word, defaults.get(word, b"250 ok\r\n"))
            if reply is None:
                return
            sock.sendall(reply)
            if word == "DATA" and reply.startswith(b"354"):
                self.content = self._read_content(lines)
                final = self.replies.get(".", b"250 taken\r\n")
                if final is None:
                    return
                sock.sendall(final)
            if word == "QUIT":
                return

    def _read_content(self, lines: object) -> bytes:
        content = b""
        for line in lines:  # type: ignore[attr-defined]
            if line == b".\r\n":
                break
            content += line
        return content
