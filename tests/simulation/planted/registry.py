"""Every planted bug by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulation import ground
from tests.simulation.planted.patching import Patch
from tests.simulation.terms import Terms


@dataclass(frozen=True)
class Bug:
    """`idea`: what is wrong, in a sentence. `plant()` is a context manager: inside it the engine has the bug.

    `hint`: terms that a seed's mix is given beside its own, where the bug lives in a corner that few mixes visit; the
    same terms without the bug must be clean. `behind` says which second line of defence is taken away with it.
    """

    name: str
    idea: str
    plant: Callable[[], Patch]
    hint: dict[str, Any] = field(default_factory=dict)
    behind: str = ""
    over_server: bool = False  # only a database that many share can have it

    def terms(self, seed: int) -> Terms:
        return replace(ground.terms(seed), **self.hint)


BUGS: dict[str, Bug] = {}


def bug(
    name: str, idea: str, *, behind: str = "", over_server: bool = False, **hint: Any
) -> Callable[[Callable[[], Patch]], Callable[[], Patch]]:
    """Registers what it decorates."""

    def register(plant: Callable[[], Patch]) -> Callable[[], Patch]:
        assert name not in BUGS
        BUGS[name] = Bug(name, idea, plant, hint, behind, over_server)
        return plant

    return register
