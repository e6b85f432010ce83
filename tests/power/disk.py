"""A disk that loses its power: what it may hold afterwards, given what was written and what was synced.

**The model.** What was synced is there. Every write since the last sync of its file survives, vanishes or is torn, each
for itself: a later write may be there and an earlier one not. A write is torn at sectors (512 bytes) or pages (4 KiB)
of the file. A size that grew may have grown without its bytes (zeros, noise, or what those blocks held before), or not
have grown although the bytes were written. A name that was made or deleted since the last sync of its folder may be
there or not; syncing a file does not sync its name. What was written more than once between two syncs may be there in
any of its versions.

**What it takes for granted.** A sync that returned has reached the disk. A torn write leaves the bytes outside of it
alone, also in the same sector: SQLite relies on that too ("powersafe overwrite", its default). What is once durable
does not rot.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.power.tape import Create, Delete, Event, Sync, SyncFolder, Tape, Truncate, Write

SECTOR, PAGE = 512, 4096
LOG, MEMORY = "hub.db-wal", "hub.db-shm"

Change = Write | Truncate

# How the writes of one image fared, with how often such an image is made.
_FATES = {"none": 3, "all": 2, "some first": 3, "whole": 3, "pages": 3, "sectors": 3, "last torn": 2, "last alone": 1}
_SIZES = {"as written": 6, "not grown": 2, "grown": 3}


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            _apply(self.durable, change)
        self.pending = []


@dataclass(frozen=True)
class Image:
    """What a machine finds when it starts again. `story` says what became of the writes."""

    files: dict[str, bytes]
    story: str


class Disk:
    """Takes in a tape's events, in order; gives images of a power cut after the last of them.

    `deaf`: whose syncs of the folder do not reach the name of SQLite's log (to plant a bug).
    """

    def __init__(self, tape: Tape, deaf: frozenset[str] = frozenset()) -> None:
        self._deaf = deaf
        self._files = {number: _File(bytearray(data)) for number, data in enumerate(tape.files.values(), 1)}
        self._names = {name: number for number, name in enumerate(tape.files, 1)}  # durable
        self._renamed: list[tuple[str, int | None]] = []  # not yet

    def take(self, event: Event) -> None:
        if isinstance(event, Write | Truncate):
            self._files[event.file].pending.append(event)
        elif isinstance(event, Sync):
            self._files[event.file].sync()
        elif isinstance(event, Create):
            self._files[event.file] = _File()
            self._renamed.append((event.name, event.file))
        elif isinstance(event, Delete):
            self._renamed.append((event.name, None))
        elif isinstance(event, SyncFolder):
            missed = [change for change in self._renamed if event.by in self._deaf and change[0] == LOG]
            self._names = _after(self._names, [change for change in self._renamed if change not in missed])
            self._renamed = missed

    def images(self, count: int, rng: random.Random) -> Iterator[Image]:
        """At most so many, no two alike: where little is unsure there are few."""
        seen: set[object] = set()
        unsure = self._renamed or any(file.pending for file in self._files.values())
        for _ in range(count * 4 if unsure else 1):
            made = _Fate(rng)
            names = made.names(self._names, self._renamed)
            files = {name: made.content(name, self._files[number]) for name, number in sorted(names.items())}
            mark = (tuple(sorted(names.items())), tuple(made.choices))
            if mark not in seen:
                seen.add(mark)
                yield Image({**files, **made.memory(names)}, "; ".join(made.story) or "nothing was unsure")
            if len(seen) == count:
                return


class _Fate:
    """The dice of one image."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.choices: list[object] = []  # what makes this image another than the next
        self.story: list[str] = []

    def names(self, durable: dict[str, int], renamed: list[tuple[str, int | None]]) -> dict[str, int]:
        """Changes of different names may survive in any combination; those of one name only in their order."""
        if not renamed:
            return dict(durable)
        kept: list[tuple[str, int | None]] = []
        how = self._rng.choice(("none", "all", "each"))
        for name in sorted({name for name, _ in renamed}):
            mine = [change for change in renamed if change[0] == name]
            first = {"none": 0, "all": len(mine)}.get(how)
            kept += mine[: self._rng.randint(0, len(mine)) if first is None else first]
        if len(kept) < len(renamed):
            self.story.append(f"{len(kept)} of {len(renamed)} names")
        return _after(durable, kept)

    def content(self, name: str, file: _File) -> bytes:
        if not file.pending:
            return bytes(file.durable)
        rng, pending = self._rng, file.pending
        fate = _drawn(rng, _FATES)
        survivors = list(_survivors(pending, fate, rng))
        content = bytearray(file.durable)
        for change in survivors:
            _apply(content, change)
        size = _drawn(rng, _SIZES)
        if size == "not grown" and len(content) > len(file.durable):
            del content[len(file.durable) :]
        elif size == "grown":
            _grow(content, file, survivors, rng)
        touched = min(change.size if isinstance(change, Truncate) else change.offset for change in pending)
        self.choices.append((name, len(content), hash(bytes(content[touched:]))))
        self.story.append(f"{name}: {fate} ({len(survivors)} pieces of {len(pending)} writes), size {size}")
        return bytes(content)

    def memory(self, names: dict[str, int]) -> dict[str, bytes]:
        """The -shm file was memory: whatever of it reached the disk means nothing, and must be taken for nothing."""
        if LOG not in names or self._rng.random() < 0.7:
            return {}
        self.story.append("a stale -shm")
        return {MEMORY: self._rng.randbytes(32768) if self._rng.random() < 0.7 else bytes(32768)}


def _survivors(pending: list[Change], fate: str, rng: random.Random) -> Iterator[Change]:
    last = len(pending) - 1
    first, share = rng.randint(0, last), rng.choice((0.1, 0.5, 0.9))
    for number, change in enumerate(pending):
        if fate == "all" or (fate == "some first" and number < first) or (fate == "last torn" and number < last):
            yield change
        elif fate in ("whole", "pages", "sectors"):
            grain = {"whole": None, "pages": PAGE, "sectors": SECTOR}[fate]
            yield from (piece for piece in _pieces(change, grain) if rng.random() < share)
        elif (fate == "some first" and number == first) or (fate in ("last torn", "last alone") and number == last):
            yield from (piece for piece in _pieces(change, SECTOR) if rng.random() < 0.5 or fate == "last alone")


def _pieces(change: Change, grain: int | None) -> Iterator[Change]:
    """A write cut at the file's multiples of `grain`."""
    if grain is None or isinstance(change, Truncate):
        yield change
        return
    start, end = change.offset, change.offset + len(change.data)
    while start < end:
        stop = min((start // grain + 1) * grain, end)
        yield Write(change.file, start, change.data[start - change.offset : stop - change.offset])
        start = stop


def _grow(content: bytearray, file: _File, survivors: list[Change], rng: random.Random) -> None:
    """The size is what it should have become; where no bytes arrived there is whatever the blocks held."""
    whole, before = bytearray(file.durable), len(file.durable)
    for change in file.pending:
        _apply(whole, change)
    more = len(whole) - before
    if more <= 0 or len(whole) < len(content):
        return
    old = bytes(file.durable[:more]).ljust(more, b"\0")
    stale = {"zeros": bytes(more), "noise": rng.randbytes(more), "old": old}
    content[:] = file.durable + bytearray(stale[rng.choice(sorted(stale))])
    for change in survivors:
        if isinstance(change, Write):
            _apply(content, change)


def _apply(content: bytearray, change: Change) -> None:
    if isinstance(change, Truncate):
        if change.size < len(content):
            del content[change.size :]
        else:
            content.extend(bytes(change.size - len(content)))
        return
    if change.offset > len(content):
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.data)] = change.data


def _after(names: dict[str, int], changes: list[tuple[str, int | None]]) -> dict[str, int]:
    found = dict(names)
    for name, number in changes:
        if number is None:
            found.pop(name, None)
        else:
            found[name] = number
    return found


def _drawn(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
