"""Kill a real hub at every durable and wire event, in every outcome of the call there; count what the providers saw.

`python -m tests.crash` runs every single crash of every walk, and then pairs: a second crash in the recovery of the
first. Over PostgreSQL (--postgres) also the loss of the connection right before and right after each COMMIT.
Exit 1 on any violation, with the command that repeats the case.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import click

from tests.crash import plan
from tests.crash.crew import Crew
from tests.crash.point import Case
from tests.crash.runner import Ran
from tests.crash.tally import Tally
from tests.crash.walks import WALKS

_PROGRESS_SECONDS = 10.0
_TOLD = 12  # so many failures are told in full


@dataclass
class Session:
    """One run of the command. `references`: each walk undisturbed."""

    crew: Crew
    asked: argparse.Namespace
    tally: Tally = field(default_factory=Tally)
    references: dict[str, Ran] = field(default_factory=dict)
    recoveries: list[Ran] = field(default_factory=list)
    _shown: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        walks = [WALKS[name] for name in self.asked.walk or WALKS]
        for ran in self._all([Case(walk.name) for walk in walks], "undisturbed walks"):
            self.references[ran.case.walk] = ran
        self.crew.expect({name: ran.judged.effects for name, ran in self.references.items()})
        if self.tally.failed:
            return
        losses = self.asked.postgres
        cases = [
            case for walk in walks for case in plan.singles(walk, self.references[walk.name].events, losses=losses)
        ]
        lost = [case for walk in walks for case in plan.doubted(walk, self.references[walk.name].events)]
        for ran in self._all([] if self.asked.plant else self._some(lost), "lost answers"):
            cases += plan.within_doubt(ran.case, ran.events, losses=losses)
        cases = [case for case in cases if re.search(self.asked.match, str(case))]
        for ran in self._all([case.but(plant=self.asked.plant) for case in self._some(cases)], "single crashes"):
            if not ran.failed:
                self.recoveries.append(ran)
        self._pairs()

    def _pairs(self) -> None:
        chance = random.Random(self.asked.seed)
        pairs: list[Case] = []
        while len(pairs) < self.asked.pairs and self.recoveries:
            base = chance.choice(self.recoveries)
            pair = plan.again(base.case, base.events, chance, losses=self.asked.postgres)
            pairs += [pair] if pair is not None else []
        list(self._all(pairs, "pairs of crashes"))

    def _some(self, cases: list[Case]) -> list[Case]:
        """All, or an even sample of them."""
        return cases[self.asked.seed % self.asked.every :: self.asked.every]

    def _all(self, cases: Sequence[Case], what: str) -> Iterator[Ran]:
        for number, ran in enumerate(self.crew.run(cases), 1):
            self.tally.take(ran)
            if (ran.failed or ran.missed) and self.tally.told < _TOLD:
                self.tally.told += 1
                tell(ran, "--postgres " * self.asked.postgres)
            if time.monotonic() - self._shown > _PROGRESS_SECONDS and not self.asked.json:
                self._shown = time.monotonic()
                click.echo(f"{what}: {number} of {len(cases)}; {self.tally}")
            yield ran


def tell(ran: Ran, postgres: str) -> None:
    """A case that failed, or that did not come to its crash, and how to see it again. On stderr."""
    word = "FAILED" if ran.failed else "not met" if ran.missed else "as promised"
    click.echo(f"\n{word}: {ran.case}", err=True)
    for line in [*ran.judged.violations, *ran.missed][:8]:
        click.echo(f"  {line}", err=True)
    click.echo(f"  python -m tests.crash {postgres}--only '{json.dumps(ran.case.document())}'", err=True)


def main() -> int:
    asked = _asked()
    if os.environ.get("PYTHONHASHSEED") != "0":  # or the same case may take another path in another process
        again = [sys.executable, "-m", "tests.crash", *sys.argv[1:]]
        os.execve(sys.executable, again, os.environ | {"PYTHONHASHSEED": "0"})
    with Crew(1 if asked.only else asked.jobs, asked.workers, postgres=asked.postgres) as crew:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and the crew leaves nothing behind
        session = Session(crew, asked)
        if asked.only:
            _only(session, Case.of(json.loads(asked.only)))
        else:
            session.run()
    if asked.json:
        click.echo(json.dumps(session.tally.document()))
    else:
        click.echo(str(session.tally))
    return 1 if session.tally.failed else 0


def _only(session: Session, case: Case) -> None:
    """One case, event by event."""
    (reference,) = session.crew.run([Case(case.walk)])
    session.crew.expect({case.walk: reference.judged.effects})
    (ran,) = session.crew.run([case])
    session.tally.take(ran)
    for event in ran.events:
        calls = f"{event.calls} calls" if event.wire else ""
        click.echo(f"{event.process} {event.who:<70} {event.name} {event.n} {calls}", err=True)
    tell(ran, "--postgres " * session.asked.postgres)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--pairs", type=int, default=300, help="how many pairs of crashes (300)")
    parser.add_argument("--seed", type=int, default=0, help="which pairs, and with --every which singles")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth single crash")
    parser.add_argument("--walk", action="append", choices=sorted(WALKS), help="only this walk; may be repeated")
    parser.add_argument("--match", default="", help="only single crashes whose name has this regular expression")
    parser.add_argument("--only", metavar="POINT", help="one case, as a failing one was told")
    parser.add_argument("--json", action="store_true", help="the counts as JSON, without progress")
    parser.add_argument("--jobs", type=int, default=2, help="cases at once (2)")
    parser.add_argument("--workers", type=int, default=1, help="the hub's worker threads; with 1 a case repeats itself")
    parser.add_argument(
        "--postgres", action="store_true", help="over a PostgreSQL, whose connections are lost at every COMMIT, too"
    )
    parser.add_argument("--plant", default="", help="a planted bug, which must be found (see tests/crash/plants.py)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
