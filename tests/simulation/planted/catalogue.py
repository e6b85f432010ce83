"""All planted bugs: importing this plants nothing, and knows every one."""

from __future__ import annotations

from tests.simulation.planted import (
    claims,
    doubt,
    gates,
    goods,
    identity,
    intake,
    letters,
    money,
    restored,
    sending,
    server,
)
from tests.simulation.planted.registry import BUGS

ROOMS = (identity, sending, doubt, claims, gates, money, goods, intake, letters, restored, server)

__all__ = ["BUGS", "ROOMS"]
