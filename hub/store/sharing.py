"""How many places each lane gets when more is due than can be begun: shops take turns, and new work goes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hub.model.lane import Lane, Room

_LATE_SHARE = 8  # one place in so many is for what people had tried again, however much else there is


class Turns:
    """Whose turn it is, from one claim to the next. Of one kind of work; used by one thread at a time."""

    def __init__(self) -> None:
        self._last = ""
        self._claims = 0

    def share(self, due: Mapping[Lane, int], places: int, room: Room | None = None) -> dict[Lane, int]:
        """Lane -> how many of it to claim, at most `places` together. `due`: how many wait in each, at least.

        `room`: how many more connections take, and shops may have.
        """
        dealing = _Dealing(due, room)
        self._claims += 1
        kept = self._kept(due, places)
        begun = dealing.deal(self._in_turn(lane.shop for lane in due if not lane.late), places - kept, late=False)
        begun += dealing.deal(sorted({lane.shop for lane in due if lane.late}), places - begun, late=True)
        begun += dealing.deal(self._in_turn(lane.shop for lane in due if not lane.late), places - begun, late=False)
        self._last = dealing.last or self._last
        return dict(dealing.given)

    def _kept(self, due: Mapping[Lane, int], places: int) -> int:
        """Places that late work has for itself; where there are fewer than one, it has one now and then."""
        if not any(lane.late for lane in due):
            return 0
        return places // _LATE_SHARE or int(self._claims % _LATE_SHARE == 0)

    def _in_turn(self, shops: Iterable[str]) -> list[str]:
        """Those behind the one that had the last place come first."""
        ordered = sorted(set(shops))
        after = [shop for shop in ordered if shop > self._last]
        return after + ordered[: len(ordered) - len(after)]


class _Dealing:
    """One place at a time, a shop after the other; within a shop to the lane that has got the fewest."""

    def __init__(self, due: Mapping[Lane, int], room: Room | None) -> None:
        self._left, self._room = dict(due), room or Room()
        self._at: dict[str, int] = {}
        self._of: dict[str, int] = {}
        self._lanes: dict[tuple[str, bool], list[Lane]] = {}
        for lane in sorted(due):
            self._lanes.setdefault((lane.shop, lane.late), []).append(lane)
        self.given: Counter[Lane] = Counter()
        self.last: str | None = None

    def deal(self, shops: list[str], places: int, *, late: bool) -> int:
        """Returns how many places were taken."""
        begun = 0
        waiting = list(shops)
        while begun < places and waiting:
            still = []
            for shop in waiting:
                if begun < places and self._give((shop, late)):
                    begun += 1
                    still.append(shop)
                    self.last = self.last if late else shop
            waiting = still
        return begun

    def _give(self, whose: tuple[str, bool]) -> bool:
        shop = whose[0]
        if shop not in self._of:
            self._of[shop] = self._room.of(shop)
        open_ = [lane for lane in self._lanes[whose] if self._left[lane] > 0 and self._room_at(lane.connection) > 0]
        if not open_ or self._of[shop] <= 0:
            return False
        lane = min(open_, key=lambda one: self.given[one])
        self.given[lane] += 1
        self._left[lane] -= 1
        self._at[lane.connection] -= 1
        self._of[shop] -= 1
        return True

    def _room_at(self, connection: str) -> int:
        if connection not in self._at:
            self._at[connection] = self._room.at(connection)
        return self._at[connection]


def fits(due: Mapping[Lane, int], room: Room) -> bool:
    """Whether there is room for all of it."""
    shops: Counter[str] = Counter()
    connections: Counter[str] = Counter()
    for lane, count in due.items():
        shops[lane.shop] += count
        connections[lane.connection] += count
    return all(room.of(shop) >= n for shop, n in shops.items()) and all(
        room.at(connection) >= n for connection, n in connections.items()
    )
