"""What a seed stands for: how many orders and workers, and which of the things that go wrong go wrong how often.

Every seed draws its own mix, with some kinds of trouble left out altogether: what hides behind a frequent fault shows
only where that fault is missing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace

from hub.sandbox.faults import Level
from tests.simulation.pace import PACES, Pace


@dataclass(frozen=True)
class Terms:
    """Shares are of the events they befall; times are virtual seconds."""

    seed: int
    orders: int = 12
    workers: int = 4
    rate: float = 2.0  # orders placed a second
    faults: float = 0.12  # of calls, webhooks and mails: the world's own
    burst: int = 3
    crash: float = 0.004  # of a worker's events: it is gone, its lease stays
    freeze: float = 0.003  # of a worker's events: it goes on much later, as if nothing had happened
    lost_claims: float = 0.01  # of claims: nobody ever works on them
    undurable: float = 0.001  # of moments: the disk fails, before or after
    late: float = 0.02  # of changing requests: they arrive after their caller gave up
    unheard: float = 0.02  # of webhooks: kept by the hub, and the sender does not hear it
    restarts: int = 1  # of the whole process
    outages: int = 1  # of one account
    pauses: int = 0  # of one connection, by a person
    commands: float = 0.1  # operator's deeds a second
    cancels: float = 0.0  # of the operator's deeds: an order is cancelled at the hub
    refunds: float = 0.0  # of the operator's deeds: money is given back at the hub
    stalls: int = 0  # the whole process stands still, and then goes on as if nothing had happened
    history: int = 0  # orders of the past, one of which is adopted
    deaf: bool = False  # no storefront can reach the hub: it lives by sweeping alone
    on_shipment: bool = False  # money is captured when the goods leave
    edits: bool = False  # merchants also change, cancel and refund orders at any time
    observed: bool = False  # one storefront only observes
    clerk: float = 0.0  # of orders for the warehouse: lost, and somebody keys it in by hand, not quite the same
    forged: float = 0.0  # of webhooks: another body follows under the same id
    replica: bool = False  # storefronts answer lookups from a copy that lags behind
    renamed: bool = False  # flows have other step names after a restart
    kept: bool = False  # the first changes at the payment provider end in a 500 that it keeps under their key
    impatient: bool = False  # a step is given up after two tries, and waits for a person
    jumps: int = 0  # of the hub's clock: it is set forward, by minutes at most
    refused: int = 0  # so many of the first changes at payment providers, warehouses and carriers are refused
    notes: int = 0  # so many times an order is edited without a change of what it asks for
    retried: float = 0.0  # of moments: the database breaks the transaction off, and the hub runs it again
    races: float = 0.0  # of a worker's events: another's, or a claim, happens at once, statement by statement
    processes: int = 1  # over one database; the workers are shared out among them
    trouble: float = 45.0  # so long things go wrong after the last order
    restored: int = 0  # so many times the hub's books are put back from a copy that was made a while before
    tempo: str = "quick"  # or real: see pace.py

    @classmethod
    def of(cls, seed: int) -> Terms:
        """The seed's mix."""
        rng = random.Random(f"terms {seed}")

        def share(most: float) -> float:
            return 0.0 if rng.random() < 0.25 else round(most * rng.random() ** 2, 4)

        more = random.Random(f"more terms {seed}")  # what was thought of later: earlier seeds keep their mix
        drawn = cls(
            seed,
            orders=rng.randint(6, 24),
            workers=rng.choice((1, 2, 4, 4, 8)),
            rate=rng.choice((0.5, 2.0, 2.0, 20.0)),
            faults=rng.choice((0.0, 0.05, 0.12, 0.12, 0.33)),
            burst=rng.choice((1, 3, 4)),
            crash=share(0.03),
            freeze=share(0.03),
            lost_claims=share(0.05),
            undurable=share(0.01),
            late=share(0.15),
            unheard=share(0.2),
            restarts=rng.choice((0, 0, 1, 3)),
            outages=rng.choice((0, 0, 1, 2)),
            pauses=rng.choice((0, 0, 0, 1)),
            commands=rng.choice((0.0, 0.05, 0.3)),
            cancels=rng.choice((0.0, 0.0, 0.2)),
            refunds=rng.choice((0.0, 0.0, 0.2)),
            stalls=rng.choice((0, 0, 0, 1)),
            history=rng.choice((0, 0, 4)),
            deaf=rng.random() < 0.08,
            on_shipment=rng.random() < 0.2,
            edits=more.random() < 0.4,
            observed=more.random() < 0.15,
            clerk=more.choice((0.0, 0.0, 0.0, 0.2)),
            forged=more.choice((0.0, 0.0, 0.05)),
            replica=more.random() < 0.4,
            renamed=more.random() < 0.25,
            kept=more.random() < 0.2,
            impatient=more.random() < 0.15,
            jumps=more.choice((0, 0, 0, 1, 2)),
            trouble=rng.choice((20.0, 45.0, 90.0)),
            tempo="real" if rng.random() < 0.12 else "quick",
        )
        drawn = drawn._gloomy(more) if more.random() < 0.2 else drawn
        return drawn._put_back() if random.Random(f"latest terms {seed}").random() < 0.1 else drawn

    def _gloomy(self, more: random.Random) -> Terms:
        """Everything that stops a step, and much that a person does meanwhile: what else seldom meets, meets here."""
        return replace(
            self, refused=more.choice((4, 8, 12)), impatient=True, clerk=0.4, cancels=0.3, refunds=0.2,
            commands=max(self.commands, 0.4), pauses=more.choice((2, 4)), stalls=more.choice((1, 2)),
            restarts=3, outages=3, faults=max(self.faults, 0.12), notes=3,
        )  # fmt: skip

    def over_server(self) -> Terms:
        """The same mix over a database that many share, with what can go wrong only there."""
        rng = random.Random(f"terms over a server {self.seed}")
        return replace(
            self, undurable=rng.choice((0.0, 0.003, 0.01)), retried=rng.choice((0.0, 0.01, 0.05)),
            races=rng.choice((0.0, 0.1, 0.3)), processes=rng.choice((1, 2, 3)), restored=0,
        )  # fmt: skip

    def _put_back(self) -> Terms:
        """The books are lost. What persons commanded meanwhile is lost with them, so they command nothing here."""
        return replace(self, restored=1, history=0, pauses=0, cancels=0.0, refunds=0.0, forged=0.0)

    @property
    def pace(self) -> Pace:
        return PACES[self.tempo]

    @property
    def level(self) -> Level:
        return Level("simulation", self.faults, 0.0, self.burst)

    def milder(self) -> list[Terms]:
        """The same seed with one kind of trouble less: what a failing run is boiled down with."""
        found = []
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "orders" and value > 1:
                found += [replace(self, orders=value // 2), replace(self, orders=value - 1)]
            elif part.name == "workers" and value > 1:
                found.append(replace(self, workers=1))
            elif part.name == "processes" and value > 1:
                found.append(replace(self, processes=1))
            elif part.name in _TROUBLES and value:
                found.append(replace(self, **{part.name: type(value)(0)}))
        return found


_TROUBLES = (
    "faults", "crash", "freeze", "lost_claims", "undurable", "late", "unheard", "restarts", "outages", "pauses",
    "commands", "cancels", "refunds", "stalls", "history", "edits", "observed", "clerk", "forged", "replica",
    "renamed", "kept", "impatient", "jumps", "refused", "notes", "restored",
    "retried", "races",
)  # fmt: skip
