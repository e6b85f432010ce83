"""`crossdock go-live [NAME]...`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from hub.assembly import golive
from hub.assembly.golive import Readiness
from hub.assembly.home import find_home
from hub.assembly.hub import Hub, open_hub
from hub.cli import say


@click.command("go-live", epilog="Example: crossdock go-live shop shipbob-main --yes")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--mode",
    type=click.Choice(["live", "approve", "observe"]),
    default="live",
    show_default=True,
    help="approve: a person releases each order. observe: back to looking on.",
)
@click.option("--release-waiting", is_flag=True, help="Orders that came while they were observed go on too.")
@click.option("--offline", is_flag=True, help="Ask no provider first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@say.actor_option
@say.home_option
@say.json_option
def command(
    names: tuple[str, ...],
    mode: Literal["live", "approve", "observe"],
    release_waiting: bool,
    offline: bool,
    yes: bool,
    actor: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Let connections act, after checking that they can. Without a NAME, all that only observe.

    Writes the mode into hub.yaml; a running hub takes it up at once. Orders that came in while they were observed wait
    until you release them, here or one by one: whoever looked after them until now may have shipped them.

    Ends with 1, and changes nothing, where something stands in the way.
    """
    hub = open_hub(find_home(home), threaded=False)
    try:
        _go(hub, golive.chosen(hub, names, mode), mode, release_waiting, not offline, yes, actor, as_json)
    finally:
        hub.close()


def _go(
    hub: Hub,
    names: tuple[str, ...],
    mode: Literal["live", "approve", "observe"],
    release: bool,
    online: bool,
    yes: bool,
    actor: str,
    as_json: bool,
) -> None:
    found = golive.readiness(hub, names, mode, online=online and mode != "observe")
    if mode == "observe":
        found.findings = []
    if not as_json:
        _show(found)
    if not found.ready:
        if as_json:
            _answer(found, changed=False, moved=0, in_force=False)
        raise SystemExit(1)
    if names and not (yes or as_json):
        click.confirm(f"Set {', '.join(names)} to {mode}?", abort=True, err=True)
    changed = golive.switch(hub, names, mode) if names else False
    hub.store.audit(actor, "go-live", ", ".join(names), {"mode": mode}, hub.clock())
    taken_up = golive.in_force(hub)
    moved = golive.let_go(hub, actor, "released with go-live") if release and taken_up and mode != "observe" else 0
    if as_json:
        _answer(found, changed=changed, moved=moved, in_force=taken_up)
    else:
        _tell(found, changed, moved, release=release, taken_up=taken_up)
    raise SystemExit(0 if taken_up else 1)


def _show(found: Readiness) -> None:
    for finding in found.findings:
        say.mark(finding.state, f"{finding.subject}: {finding.says}", finding.mend)
    if not found.names:
        say.line(f"Every connection is {found.mode} already, or there is none.")
    elif not found.ready:
        say.line("Nothing was changed.")


def _tell(found: Readiness, changed: bool, moved: int, *, release: bool, taken_up: bool) -> None:
    if found.names:
        say.mark("ok", f"{', '.join(found.names)}: {found.mode}" + ("" if changed else ", as before"))
    if not taken_up:
        say.mark("fail", "the running hub has not taken it up", "see its log, then crossdock check")
    if release:
        say.mark("ok", f"{say.count(moved, 'step')} of observed orders go on")
    elif found.waiting and found.mode != "observe":
        say.mark("note", f"{say.count(len(found.waiting), 'order')} came while observed and wait",
                 "crossdock attention lists them; --release-waiting lets all of them go on")  # fmt: skip


def _answer(found: Readiness, *, changed: bool, moved: int, in_force: bool) -> None:
    say.json_out(
        {
            "connections": found.names,
            "mode": found.mode,
            "ready": found.ready,
            "changed": changed,
            "in_force": in_force,
            "waiting": found.waiting,
            "steps_released": moved,
            "findings": found.findings,
        }
    )
