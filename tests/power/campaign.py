"""Lives one after the other, each cut at many places; every third one begins anew, the others where one was cut."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.power.disk import Disk, Image
from tests.power.examine import Broken, Finding, Judge
from tests.power.known import Known, settled
from tests.power.life import SHIPPED, Habits, Life, Pace, Start, live, ram_folder, upgraded
from tests.power.tape import Event, Said, Sync, SyncFolder
from tests.power.town import Town, doubled
from tests.power.versions import migrate_to_next

_LIVES = 3  # of one hub: its disk is cut twice and it goes on
_IMAGES_A_CUT = 4
_BOOT = 0.12  # of a first life's images: while the database is made (each is migrated anew, which takes its time)
_UPGRADE = 0.08  # and as many more after a hub's last life, while a newer version migrates what it left
_PACES = (  # the pages of SQLite's log before it is emptied: as shipped (None) and far fewer
    Pace(None, 1), Pace(40, 2), Pace(200, 2, carrier=True), Pace(15, 1), Pace(None, 2, carrier=True), Pace(90, 3),
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Of one life. `stop`: with the first image in which something is broken."""

    images: int = 250
    orders: int = 6
    others: tuple[int, ...] = (25, 50, 90)
    stop: bool = False


SLICE = Scale(images=50, orders=4, others=(20,))
FULL = Scale()
HUNT = Scale(images=120, orders=3, others=(12,), stop=True)


@dataclass(frozen=True)
class Offence:
    """An image in which something was broken, the `number`th that was judged."""

    number: int
    seed: str
    cut: int
    image: Image
    broken: list[Broken]

    def __str__(self) -> str:
        said = "; ".join(f"{broken.kind} ({broken.what})" for broken in self.broken[:4])
        return f"{self.seed}, cut at {self.cut} ({self.image.story}): {said}"


@dataclass
class Tally:
    """`counts`: messages, intents, results and calls are acknowledged things that were looked for, summed over the
    images; acknowledged, intended and settled are how many different ones there were.
    """

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    offences: list[Offence] = field(default_factory=list)

    @property
    def images(self) -> int:
        return self.counts["images"]


class Campaign:
    """`run` judges images until it has so many."""

    def __init__(self, seed: int, habits: Habits = SHIPPED, scale: Scale = FULL) -> None:
        self._seed, self._habits, self._scale = seed, habits, scale
        self.tally = Tally()

    def run(self, images: int) -> Iterator[Tally]:
        """The tally after each life; the life that reaches the number is judged to its end."""
        hub = 0
        while self.tally.images < images and not self._over:
            yield from self._hub(hub, images)
            hub += 1

    @property
    def _over(self) -> bool:
        return self._scale.stop and bool(self.tally.offences)

    def _hub(self, hub: int, images: int) -> Iterator[Tally]:
        """One hub, from its first start; each further life begins with an image of the one before."""
        rng = random.Random(f"power {self._seed} {hub}")
        town, start = Town(rng), Start()
        for number in range(_LIVES):
            town.grow(self._scale.orders if number == 0 else self._scale.orders // 2, rng.choice(self._scale.others))
            life = live(start, town, rng.choice(_PACES), self._habits)
            following = self._judge(life, f"seed {self._seed}, hub {hub}, life {number}", self._habits, rng)
            yield self.tally
            if following is None or self.tally.images >= images or self._over:
                break
            start = following
        if self._habits is SHIPPED and start.files:
            newer = replace(self._habits, migrate=migrate_to_next)
            self._judge(upgraded(start, newer), f"seed {self._seed}, hub {hub}, upgrade", newer, rng)
            yield self.tally

    def _judge(self, life: Life, name: str, habits: Habits, rng: random.Random) -> Start | None:
        """Images of one life, in the order of its cuts. Returns what the next life may begin with."""
        wanted = self._scale.images if life.opened is not None else round(self._scale.images * _UPGRADE)
        cuts = _cuts(life, -(-wanted // 3), rng)
        chosen = rng.choice([cut for cut in cuts if cut > (life.opened or 0)] or sorted(cuts))
        disk, judge = Disk(life.tape, habits.deaf), Judge(life.history, habits)
        known = life.start.known.after_the_cut(life.start.effects)
        following: Start | None = None
        with ram_folder() as folder:
            for position, event in enumerate(life.tape.events):
                disk.take(event)
                known.take(event)
                if position not in cuts or wanted <= 0 or self._over:
                    continue
                self.tally.counts["cuts"] += 1
                for image in disk.images(min(_IMAGES_A_CUT, wanted), rng):
                    finding = self._one(judge, folder, image, known, life, position)
                    wanted -= 1
                    if finding.broken:
                        self._blame(name, position, image, finding.broken)
                        if self._over:
                            break
                    elif position >= chosen and following is None:
                        after = known.after_the_cut(finding.effects)
                        following = Start(image.files, after, finding.effects, finding.state)
        self._whole(life, known, name)
        return following

    def _blame(self, name: str, position: int, image: Image, broken: list[Broken]) -> None:
        self.tally.offences.append(Offence(self.tally.images, name, position, image, broken))
        self.tally.kinds.update({one.kind for one in broken})

    def _one(self, judge: Judge, folder: Path, image: Image, known: Known, life: Life, position: int) -> Finding:
        results = known.results(life.history)
        self.tally.counts.update(
            images=1, messages=len(known.messages), intents=len(known.effects), results=results, calls=len(known.left),
            unsure=image.story != "nothing was unsure", second=life.start.state is not None,
            boot=not life.start.files and position < (life.opened or 0), upgrade=life.opened is None,
        )  # fmt: skip
        return judge.examine(folder, image.files, known)

    def _whole(self, life: Life, known: Known, name: str) -> None:
        """At its end, what a life and those before it asked for was done once."""
        before = life.start.known
        self.tally.counts.update(
            lives=life.opened is not None,
            moments=len(life.history.states) - 1,
            acknowledged=len(known.messages) - len(before.messages),
            intended=len(known.effects) - len(life.start.effects),
            settled=known.results(life.history) - settled(life.start.effects.values()),
        )
        if twice := doubled(known.ledger):
            broken = [Broken("executed twice", what) for what in twice]
            self._blame(name, len(life.tape.events), Image({}, "the whole life"), broken)


def _cuts(life: Life, count: int, rng: random.Random) -> set[int]:
    """Where the power goes: anywhere, and beside every kind of event that decides something."""
    events = life.tape.events
    opened = len(events) if life.opened is None else life.opened
    cuts: set[int] = set()
    booting = count if life.opened is None else round(count * _BOOT) if not life.start.files else 0
    while len(cuts) < min(booting, opened // 2):
        cuts.add(rng.randrange(opened))
    working = range(opened, len(events))
    telling = [position for position in working if isinstance(events[position], Said | Sync | SyncFolder)]
    others = [position for position in working if _at_the_database(events, position)]
    pools = [list(working), telling, [position - 1 for position in telling], others or telling]
    while working and len(cuts) < min(count, len(events) // 2):
        cuts.add(rng.choice(rng.choice(pools)))
    return cuts


def _at_the_database(events: list[Event], position: int) -> bool:
    """While the log is brought into the database, or right after: the database is written, file number 1."""
    return any(getattr(event, "file", None) == 1 for event in events[max(position - 2, 0) : position + 1])
