"""What is wrong in a declaration, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in one file.

    ``line`` and ``column`` count from 1; ``path`` is the place inside the document (``steps[2].when``), empty for
    the document as a whole; ``what`` says what is wrong and ``mend`` what to write instead.
    """

    file: str
    line: int
    column: int
    path: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}; {self.mend}"


class Problems(Exception):
    """One or more faults, all that were found at once, in the order of their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Mendable(ValueError):
    """Raised by a validator of a document's model that knows how its fault is mended."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}; {mend}")
        self.what = what
        self.mend = mend


def path_text(path: Iterable[str | int]) -> str:
    """``("steps", 2, "when")`` as ``steps[2].when``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that somebody who typed ``word`` most likely meant, or None."""
    names = sorted(choices)
    folded = {name.lower(): name for name in names}
    close = get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def suggestion(word: str, choices: Iterable[str]) -> str:
    """A mend for an unknown name: the nearest choice if there is one, and all of them where they are few."""
    names = sorted(choices)
    close = nearest(word, names)
    known = f"known here: {', '.join(names)}" if len(names) <= 40 else f"{len(names)} names are known here"
    if not names:
        return "nothing may be named here"
    return f"did you mean '{close}'? {known}" if close else known
