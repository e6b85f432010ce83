"""What a function of the expression language is: its name, how it is used, and what it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_PARAMETERS = re.compile(r"\((.*)\)$")


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    ``usage`` is how it is written, ``name(a, b?, more...)``: ``?`` marks what may be left out, ``...`` what may be
    repeated, ``&`` an expression that is applied to each element. The numbers of arguments are read from it, so that
    what is documented is what is allowed. ``framed`` functions get the evaluation's Frame first. ``check`` sees the
    literal arguments (``...`` for the others) when an expression is compiled and may name a fault.
    ``lazy`` names a form whose arguments are evaluated only when they are needed.
    """

    usage: str
    about: str
    run: Callable[..., Any]
    framed: bool = False
    lazy: str = ""
    check: Callable[[list[Any]], str | None] | None = None

    @property
    def name(self) -> str:
        return self.usage.partition("(")[0]

    @property
    def parameters(self) -> list[str]:
        match = _PARAMETERS.search(self.usage)
        return [part.strip() for part in match[1].split(",")] if match and match[1] else []

    @property
    def expressions(self) -> frozenset[int]:
        """The positions of arguments that are expressions."""
        return frozenset(index for index, name in enumerate(self.parameters) if name.startswith("&"))

    def accepts(self, count: int) -> bool:
        """Whether the function can be called with ``count`` arguments."""
        names = self.parameters
        least = sum(not name.endswith(("?", "...")) for name in names)
        return count >= least and (count <= len(names) or any(name.endswith("...") for name in names))

    def arity(self) -> str:
        """The number of arguments, in words."""
        names = self.parameters
        least = sum(not name.endswith(("?", "...")) for name in names)
        if any(name.endswith("...") for name in names):
            return f"at least {least} argument{'s' * (least != 1)}"
        if least != len(names):
            return f"{least} to {len(names)} arguments"
        return f"{least} argument{'s' * (least != 1)}"


class FunctionSet:
    """Functions by name."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions = {function.name: function for function in functions}

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def get(self, name: str) -> Function | None:
        """The function of that name, or None."""
        return self._functions.get(name)

    def names(self) -> frozenset[str]:
        """Every name."""
        return frozenset(self._functions)
