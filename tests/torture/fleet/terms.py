"""What a run over PostgreSQL and Valkey is made of. Spans are (shortest, longest), in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from tests.torture.terms import Span
from tests.torture.terms import Terms as OfTheHub


@dataclass(frozen=True)
class Terms(OfTheHub):
    """`calm`: whatever is still to do when the last fault is over must have come to its end within five minutes."""

    rate: float = 1.0
    letters: bool = True  # each death of a worker and each lost COMMIT leaves a letter under way unanswered
    calm: float = 300.0
    webs: int = 2
    workers: int = 3
    threads: int = 8  # of each worker
    # The database
    database_every: Span = (5.0, 40.0)
    database_away: Span = (0.2, 4.0)  # stopped
    database_still: Span = (1.0, 12.0)  # its processes stand still
    terminate_every: Span = (1.0, 5.0)
    terminated: float = 0.3  # of the sessions
    partition_every: Span = (25.0, 60.0)
    partition_for: Span = (1.0, 12.0)
    swallowed: float = 0.02  # of the COMMITs: done, and the answer is lost with the connection
    cut: float = 0.001  # of the statements within a transaction: the connection is lost
    # The queue
    queue_every: Span = (25.0, 35.0)
    queue_away: Span = (0.5, 8.0)
    # The processes
    worker_every: Span = (3.0, 8.0)
    web_every: Span = (8.0, 20.0)
    still_every: Span = (30.0, 60.0)
    still_for: Span = (5.0, 90.0)  # longer than a lease
    deploy_every: Span = (60.0, 120.0)
