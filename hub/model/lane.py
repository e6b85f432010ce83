"""What waits together: the due work of one shop at one connection, so that no other's waits behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

_BETWEEN = "\t"  # in no connection's name
_LATE = "late"


class Lane(NamedTuple):
    """`shop`: the storefront whose orders they are. `connection`: whom a step asks; empty for messages. `late`: tried
    again by a person's word, so that what is new goes first.
    """

    shop: str
    connection: str = ""
    late: bool = False

    def __str__(self) -> str:
        return _BETWEEN.join((self.shop, self.connection, _LATE if self.late else ""))

    @classmethod
    def of(cls, text: str) -> Lane:
        """From what is stored. A row that an earlier version wrote has an empty text, and so a lane of its own."""
        shop, connection, late = (*text.split(_BETWEEN), "", "")[:3]
        return cls(shop, connection, late == _LATE)


def _plenty(name: str) -> int:
    return 1 << 30


class Room(NamedTuple):
    """How many more pieces of work may be begun: `at` a connection, by its name, and `of` a shop, by its name."""

    at: Callable[[str], int] = _plenty
    of: Callable[[str], int] = _plenty
