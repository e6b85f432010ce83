"""The hub's books are lost, and put back as they were when somebody copied them: what was done since is not in them."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import datetime

from tests.simulation.guard import Guard
from tests.simulation.judge import Judge
from tests.simulation.scene import Scene


class Catastrophe:
    """`kill` ends the hub's process and plans the next one."""

    def __init__(self, scene: Scene, judge: Judge, guard: Guard, kill: Callable[[], None]) -> None:
        self._scene, self._judge, self._guard, self._kill = scene, judge, guard, kill

    def copy(self) -> None:
        """The backup; some time later the books are lost."""
        scene = self._scene
        if scene.calm:
            return
        since = scene.house.copy()
        scene.trace.note("the hub's books are copied")
        kept = set(scene.door.acknowledged)
        scene.after(scene.rng.uniform(0.5, 25.0) * scene.terms.pace.hurry, lambda: self._lose(since, kept))

    def _lose(self, since: datetime, kept: Set[tuple[str, str]]) -> None:
        scene = self._scene
        if scene.calm:
            return
        if scene.hub is not None:
            self._kill()
        scene.trace.note(f"the hub's books are put back as they were at {since:%H:%M:%S}")
        scene.tell("books put back")
        scene.house.put_back(since)
        self._guard.forget()
        for name in scene.door.acknowledged.keys() - kept:
            del scene.door.acknowledged[name]  # what the lost books had kept of the webhooks is lost with them
