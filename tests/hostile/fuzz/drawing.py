"""Turns bytes into choices, so that a byte the fuzzer changes changes one decision of a generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Reads decisions off the front of some bytes; when they are used up, every decision is the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def spent(self) -> bool:
        return self._at >= len(self._data)

    def byte(self) -> int:
        if self.spent:
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        number = self.byte()
        if limit > 256:
            number = number << 8 | self.byte()
        return number % limit if limit else 0

    def one_in(self, count: int) -> bool:
        """Never true once the bytes are used up, so that a generator comes to an end."""
        return not self.spent and self.byte() % count == count - 1

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def take(self, most: int) -> bytes:
        """Up to `most` bytes as they stand; a length byte says how many."""
        count = min(self.below(most + 1), len(self._data) - self._at)
        self._at += count
        return self._data[self._at - count : self._at]

    def text(self, most: int = 40) -> str:
        return self.take(most).decode("utf-8", "replace")

    def rest(self) -> bytes:
        left = self._data[self._at :]
        self._at = len(self._data)
        return left
