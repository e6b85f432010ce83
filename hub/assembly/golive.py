"""Lets connections act: what must hold first, the change in `hub.yaml`, and what becomes of orders that were
observed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hub.assembly.config import ConnectionPart, Mode
from hub.assembly.database import CONFIG_FACT, read_fact
from hub.assembly.doctor import tried
from hub.assembly.edit import Page, edit
from hub.assembly.finding import FAIL, NOTE, OK, WARN, Finding
from hub.assembly.home import Unfit
from hub.assembly.hub import Hub
from hub.assembly.install import judge_secrets
from hub.assembly.probe import probe_all
from hub.assembly.storage import storage_of
from hub.flow import commands
from hub.flow.setting import MODES
from hub.language.problem import suggestion
from hub.store.open import Occupied

_RELEASED = ("observe",)
_BATCH = 200
_TAKEN_UP_SECONDS = 20.0
_SHIPS = ("warehouse", "self")


@dataclass
class Readiness:
    """What was looked at before connections act. `waiting` are keys of open orders that came while they were
    observed."""

    names: tuple[str, ...]
    mode: Mode
    findings: list[Finding] = field(default_factory=list)
    waiting: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return not any(finding.state == FAIL for finding in self.findings)


def chosen(hub: Hub, names: Sequence[str], mode: Mode) -> tuple[str, ...]:
    """The connections to switch: those named, or all that may do less than `mode`. Raises Unfit for an unknown name."""
    connections = hub.config.connections
    for name in names:
        if name not in connections:
            raise Unfit(f"there is no connection {name}: {suggestion(name, connections)}")
    below = [name for name, part in connections.items() if MODES.index(part.mode) < MODES.index(mode)]
    return tuple(names) or tuple(below)


def readiness(hub: Hub, names: tuple[str, ...], mode: Mode, *, online: bool) -> Readiness:
    """Whether these connections may act. Providers are asked questions only; nothing is changed."""
    found = Readiness(names, mode)
    if MODES.index(hub.config.hub.mode) < MODES.index(mode):
        says = f"the installation's own mode is {hub.config.hub.mode}, which no connection exceeds"
        found.findings.append(Finding("hub.yaml", FAIL, says, f"write mode: {mode} under hub:"))
    for problem in judge_secrets(hub.install, hub.vault):
        found.findings.append(Finding("hub.yaml", FAIL, f"line {problem.line}: {problem.what}", problem.mend))
    bench = _Bench(hub, names, mode)
    for name in names:
        found.findings += bench.connection(name, hub.config.connections[name])
    if online:
        made = [connection for name in names if (connection := hub.connections.get(name)) is not None]
        for one in probe_all(made).values():
            found.findings += tried(one)
    found.waiting = tuple(_waiting(hub))
    return found


def switch(hub: Hub, names: tuple[str, ...], mode: Mode) -> bool:
    """Writes the mode into `hub.yaml`; False where it stood there. A running hub takes it up by itself. Raises
    Problems."""

    def change(page: Page) -> None:
        for name in names:
            page.put(("connections", name, "mode"), mode)

    changed = edit(hub.home.config, change)
    hub.reload()
    return changed


def in_force(hub: Hub) -> bool:
    """Waits until the hub that runs, if one does, has taken up the file as it stands now. False where it does not."""
    end = time.monotonic() + _TAKEN_UP_SECONDS
    while _runs(hub):
        if read_fact(hub.store, CONFIG_FACT) == hub.install.document.hash:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def let_go(hub: Hub, actor: str, why: str) -> int:
    """Orders that were observed go on under the modes that hold now. Returns how many steps moved."""
    moved = 0
    for key in _waiting(hub):
        for name in hub.config.connections:
            moved += commands.resume_held(hub.setting, key, _RELEASED, name, hub.clock())
    hub.store.audit(actor, "release observed", "all", {"why": why, "steps": moved}, hub.clock())
    return moved


def _waiting(hub: Hub) -> list[str]:
    """Keys of orders with a step that was held because its connection, or its order's, only observed."""
    found: dict[str, None] = {}
    for name in hub.config.connections:
        found |= dict.fromkeys(hub.views.orders_held_for(name, _RELEASED, _BATCH))
    return list(found)


def _runs(hub: Hub) -> bool:
    try:
        storage_of(hub.config, hub.home, hub.vault).hold().close()
    except Occupied:
        return True
    return False


class _Bench:
    def __init__(self, hub: Hub, names: tuple[str, ...], mode: Mode) -> None:
        self._hub, self._names, self._mode = hub, names, mode

    def connection(self, name: str, part: ConnectionPart) -> Iterator[Finding]:
        standing = self._hub.store.standing(name)
        if standing.paused:
            yield Finding(name, WARN, f"it is paused ({standing.why})", f"crossdock resume {name}")
        if part.env == "test":
            yield Finding(name, NOTE, "it is a test connection: only test orders and test accounts meet there")
        if name in self._hub.built.storefronts:
            yield from self._storefront(name, part)

    def _storefront(self, name: str, part: ConnectionPart) -> Iterator[Finding]:
        act_from = part.act_from or self._hub.store.standing(name).act_from
        if act_from is None:
            yield Finding(name, NOTE, "orders placed before the hub's first start are history")
        else:
            yield Finding(name, OK, f"orders placed before {act_from:%Y-%m-%d %H:%M} UTC are history and stay so")
        if part.owners.fulfill == "hub":
            yield from self._routes(name, part)
        yield from self._letters(name, part)
        yield from self._hears(name, part)

    def _routes(self, name: str, part: ConnectionPart) -> Iterator[Finding]:
        config = self._hub.config
        shippers = dict.fromkeys(r.connection for r in config.routing if r.method in _SHIPS and r.connection)
        if not config.routing:
            mend = "add a rule to routing, or connect a warehouse or carrier"
            yield Finding(name, FAIL, "the hub is to ship its orders, and no routing rule says how", mend)
        for shipper in shippers:
            yield from self._together(name, part, shipper, "ships its orders")

    def _letters(self, name: str, part: ConnectionPart) -> Iterator[Finding]:
        mailer = self._hub.config.hub.mail
        if mailer is not None and "hub" in part.owners.mail.values():
            yield from self._together(name, part, mailer, "writes to its customers")

    def _together(self, name: str, part: ConnectionPart, other: str, does: str) -> Iterator[Finding]:
        """Orders of one connection are worked on at another: both must be live, or both test, and both may act."""
        found = self._hub.config.connections.get(other)
        if found is None:
            return
        if found.env != part.env:
            says = f"it is {part.env} and {other}, which {does}, is {found.env}"
            yield Finding(name, FAIL, says, f"connect a {part.env} account there, or change env")
        elif other not in self._names and MODES.index(found.mode) < MODES.index(self._mode):
            says = f"{other}, which {does}, may only {found.mode}: its steps will wait"
            yield Finding(name, WARN, says, f"crossdock go-live {other}")

    def _hears(self, name: str, part: ConnectionPart) -> Iterator[Finding]:
        swept = part.sweep != "off"
        if part.webhook is not None and self._hub.config.hub.public_url is not None:
            yield Finding(name, OK, "webhooks are received" + (", and sweeps find what they miss" if swept else ""))
        elif part.sweep != "off":
            yield Finding(name, OK, f"its orders are asked for every {part.sweep.every_seconds:.0f} s")
        else:
            says = "nothing tells of its orders: no webhooks can reach the hub, and sweeping is off"
            yield Finding(name, FAIL, says, "set hub.public_url and register webhooks, or remove sweep: off")
