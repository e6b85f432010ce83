"""The one thing that a person is advised to do about a cause: as a button's label, and as a command for a shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from hub.model.cause import Act, Cause, say


@dataclass(frozen=True)
class Action:
    """The recommended action: `label` for a button, `command` for a shell (None where there is nothing to run)."""

    act: Act
    label: str
    command: str | None
    advice: str


_LABELS = {
    Act.RELEASE: "Release",
    Act.REPLAY: "Replay",
    Act.RESOLVE: "Resolve",
    Act.RESUME: "Resume",
    Act.DOCTOR: "Examine",
    Act.CHECK: "Check the declarations",
    Act.GO_LIVE: "Go live",
    Act.ADOPT: "Adopt",
    Act.SHOW: "Look at it",
    Act.WAIT: "Wait",
}


def action_for(
    cause: Cause,
    *,
    order: str | None = None,
    step: str | None = None,
    message: int | None = None,
    connection: str | None = None,
    what: str | None = None,
) -> Action:
    """The one recommended action, as a label and as a command that can be pasted into a shell."""
    command = _command(cause, order, step, message, connection)
    label = _LABELS[cause.act]
    if cause.act in (Act.RESUME, Act.DOCTOR) and connection:
        label = f"{label} {connection}"
    return Action(cause.act, label, command, say(cause.advice, connection=connection, what=what))


def _command(
    cause: Cause, order: str | None, step: str | None, message: int | None, connection: str | None
) -> str | None:
    act = cause.act
    if act is Act.WAIT:
        return None
    if message is not None:
        return _line("messages", "show" if act in (Act.SHOW, Act.CHECK) else "release", str(message))
    if act is Act.RELEASE and order is None:  # a whole connection's held messages
        return _line("messages", "release", "--connection", connection or "", "--cause", cause.code)
    if act in (Act.RESUME, Act.DOCTOR):
        return _line(act.value, *([connection] if connection and act is Act.RESUME else []))
    if act in (Act.CHECK, Act.GO_LIVE):
        return _line(act.value)
    return _order_command(act, order or "ORDER", None if cause.whole_order else step)


def _order_command(act: Act, order: str, step: str | None) -> str:
    if act is Act.SHOW:
        return _line("orders", "show", order)
    if act is Act.RESOLVE:
        return _line("resolve", order, step or "STEP", "happened", "REFERENCE")
    return _line(act.value, order, *(["--step", step] if step and act is not Act.ADOPT else []))


def _line(*words: str) -> str:
    return shlex.join(("crossdock", *words))
