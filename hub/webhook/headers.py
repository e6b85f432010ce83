"""The headers of one delivery, as a server or a file hands them over."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

Pairs = tuple[tuple[str, str], ...]

MAX_KEPT_HEADERS = 64
MAX_KEPT_CHARACTERS = 4096

# Credentials that may ride along, and are nobody's business later.
_NEVER_KEPT = frozenset({"authorization", "cookie", "proxy-authorization", "proxy"})
# Some servers lay the process's environment under every request: HTTP_PROXY would look like a header there.
_AMBIENT = {name: value for name, value in os.environ.items() if name.startswith("HTTP_")}


class Headers:
    """Header pairs in order, with look-up by name in any case."""

    __slots__ = ("_by_name", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs: Pairs = tuple(pairs)
        by_name: dict[str, list[str]] = {}
        for name, value in self.pairs:
            by_name.setdefault(name.lower(), []).append(value)
        self._by_name = by_name

    @classmethod
    def of_environ(cls, environ: Mapping[str, Any]) -> Headers:
        """The headers of a WSGI request. Servers join repeated ones with commas, which no security header survives."""
        pairs = [
            (_NAMES.get(key) or _spell(key), value)
            for key, value in environ.items()
            if key.startswith("HTTP_") and _AMBIENT.get(key) != value
        ]
        pairs += [(name, environ[key]) for key, name in _BARE if environ.get(key)]
        return cls(pairs)

    def all(self, name: str) -> list[str]:
        """Every value of a header; empty where it is absent."""
        return self._by_name.get(name.lower(), [])

    def first(self, name: str) -> str:
        """The value of a header, or "" where it is absent."""
        values = self._by_name.get(name.lower())
        return values[0] if values else ""

    def kept(self) -> Pairs:
        """What may be stored with the message: no credentials, and nothing that only takes up room."""
        kept = (
            pair for pair in self.pairs if len(pair[1]) <= MAX_KEPT_CHARACTERS and pair[0].lower() not in _NEVER_KEPT
        )
        return tuple(islice(kept, MAX_KEPT_HEADERS))

    def any_with_prefix(self, prefix: str) -> bool:
        """Whether a header's name begins with `prefix` (lower case)."""
        return any(name.startswith(prefix) for name in self._by_name)


_BARE = (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length"))
# Spelling a name costs more than looking it up; the names that sources send are few, but a sender invents others.
_NAMES: dict[str, str] = {}
_MAX_NAMES = 512


def _spell(key: str) -> str:
    name = key[5:].replace("_", "-").title()
    if len(_NAMES) < _MAX_NAMES:
        _NAMES[key] = name
    return name
