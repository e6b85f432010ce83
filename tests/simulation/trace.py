"""What happened, in order: hashed always, remembered when somebody wants to read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b


@dataclass(frozen=True)
class Line:
    """`order` is the hub's key of the order it is about ("" where it is about none), `who` a worker or a part."""

    micros: int
    who: str
    order: str
    text: str

    def __str__(self) -> str:
        stamp = datetime.fromtimestamp(self.micros / 1e6, UTC)
        return f"{stamp:%d %H:%M:%S.%f}"[:-3] + f"  {self.who:<8} {self.order:<24} {self.text}"


class Trace:
    """Every line goes into the hash, so two runs with one hash took the same path. `keep`: remember the lines too."""

    def __init__(self, clock: Callable[[], int], *, keep: bool = False) -> None:
        self._clock, self._keep = clock, keep
        self._hash = blake2b(digest_size=16)
        self.lines: list[Line] = []
        self.events = 0
        self.about = ""  # the order that whatever is happening now is about
        self.who = ""

    def note(self, text: str, *, who: str | None = None, order: str | None = None) -> None:
        who, order = self.who if who is None else who, self.about if order is None else order
        micros = self._clock()
        self._hash.update(f"{micros}\x1f{who}\x1f{order}\x1f{text}\n".encode())
        if self._keep:
            self.lines.append(Line(micros, who, order, text))

    @property
    def hash(self) -> str:
        return self._hash.hexdigest()

    def story(self, orders: set[str]) -> list[Line]:
        """The lines about these orders, and about nothing in particular but the run itself."""
        return [line for line in self.lines if line.order in orders or (not line.order and line.who == "run")]
