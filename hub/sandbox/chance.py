"""Decisions by hash: the same seed and the same names give the same choice, whatever the threads do meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


class Chance:
    """A source of repeatable choices. `names` say what is being decided; no state is kept between calls."""

    def __init__(self, seed: object) -> None:
        self._key = blake2b(str(seed).encode(), digest_size=16).digest()

    def digest(self, *names: object) -> bytes:
        """16 bytes that depend on the seed and the names alone."""
        return blake2b("\x1f".join(map(str, names)).encode(), key=self._key, digest_size=16).digest()

    def share(self, *names: object) -> float:
        """A number in [0, 1)."""
        return int.from_bytes(self.digest(*names)[:8]) / 2**64

    def below(self, limit: int, *names: object) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self.share(*names) * limit)

    def between(self, span: tuple[float, float], *names: object) -> float:
        """A number inside the span."""
        low, high = span
        return low + (high - low) * self.share(*names)

    def pick(self, options: Sequence[T], *names: object) -> T:
        return options[self.below(len(options), *names)]

    def weighted(self, options: Sequence[tuple[T, int]], *names: object) -> T:
        """One of the options, each as likely as its weight."""
        point = self.below(sum(weight for _, weight in options), *names)
        for option, weight in options:
            point -= weight
            if point < 0:
                return option
        raise ValueError("weights must add up to more than zero")

    def shuffled(self, options: Sequence[T], *names: object) -> list[T]:
        order = sorted(range(len(options)), key=lambda index: self.digest(*names, index))
        return [options[index] for index in order]

    def token(self, length: int, *names: object) -> str:
        """Letters and digits, such as providers put into their ids."""
        number, letters = int.from_bytes(self.digest(*names) + self.digest(*names, "more")), []
        for _ in range(length):
            number, index = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[index])
        return "".join(letters)

    def hexadecimal(self, length: int, *names: object) -> str:
        return (self.digest(*names).hex() + self.digest(*names, "more").hex())[:length]
