"""What stands between a due step and its call: a gate that somebody left open."""

from __future__ import annotations

from typing import Any

from hub.flow import gate, intake, payment, planner
from hub.flow.setting import LIVE, Setting
from hub.model.step import Step
from tests.simulation.planted.patching import Patch, everywhere, replaced, together
from tests.simulation.planted.registry import bug


@bug(
    "cancel-gate-open", "Steps of a cancelled order go on.", cancels=0.2, commands=0.3,
    behind="the planner withdraws what is not under way",
)  # fmt: skip
def cancel_gate_open() -> Patch:
    unwanted = planner.unwanted

    def wanted(book: Any, step: Step) -> str | None:
        why = unwanted(book, step)
        return None if why == "order_cancelled" else why

    return together(everywhere(gate._forward, lambda book, step: False), everywhere(planner.unwanted, wanted))


@bug("history-begun", "Orders that were placed before the hub was asked to act are begun like new ones.", history=4)
def history_begun() -> Patch:
    original = intake._dispose

    def dispose(setting: Setting, book: Any, order: Any, now: Any) -> None:
        original(setting, book, order, now)
        if book.disposition == "history" and book.why == "history":
            intake.start(setting, book, now)

    return everywhere(intake._dispose, dispose)


@bug("test-order-begun", "A test order joins the live flow.")
def test_order_begun() -> Patch:
    original = intake._dispose

    def dispose(setting: Setting, book: Any, order: Any, now: Any) -> None:
        original(setting, book, order, now)
        if book.why == "test_order":
            intake.start(setting, book, now)

    return everywhere(intake._dispose, dispose)


@bug("observe-ignored", "A connection that is only to observe acts.", observed=True)
def observe_ignored() -> Patch:
    return replaced(Setting, "mode_of", lambda self, connection, capability: LIVE)


@bug("no-freshness-read", "Irreversible things are done on what was heard of the order, however long ago.")
def no_freshness_read() -> Patch:
    return everywhere(gate._is_stale, lambda setting, book, now: False)


@bug("overtaken-unchecked", "Goods leave as was planned, although the order has changed since or its money went back.",
     edits=True)  # fmt: skip
def overtaken_unchecked() -> Patch:
    return together(
        everywhere(gate._changed, lambda book, group: None), everywhere(payment.given_back, lambda order: False)
    )
