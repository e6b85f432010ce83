"""What an effect is called: keys and references that are not what they should be."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hub.connector.pool import Connections
from hub.flow import inputs
from hub.flow.setting import Setting
from hub.model import effect
from hub.model.book import Book
from hub.model.contract import Call
from hub.model.outcome import Outcome
from hub.model.step import Effect, Run, Step
from tests.simulation.planted.patching import Patch, everywhere, replaced, together, with_each_claim
from tests.simulation.planted.registry import bug


@bug("key-per-attempt", "Every try is sent under a key of its own, so no provider can know it for a repeat.")
def key_per_attempt() -> Patch:
    original, tries = Connections.send, itertools.count(1)

    def send(self: Connections, call: Call) -> Outcome:
        return original(self, replace(call, key=f"{(call.key or '')[:32]}{next(tries):08d}"))

    return replaced(Connections, "send", send)


@bug(
    "reference-without-shop",
    "A reference is made from the order's number alone: two shops' #1001 are one at the warehouse.",
)
def reference_without_shop() -> Patch:
    build, reference_of = inputs.build, effect.reference_of
    labels: dict[str, str] = {}

    def told(setting: Any, book: Any, step: Any) -> Any:
        labels[book.key] = str(book.order.label)
        return build(setting, book, step)

    def reference(install_key: bytes, identity: effect.Identity) -> str:
        return reference_of(install_key, replace(identity, order=labels.get(identity.order, identity.order)))

    return together(everywhere(inputs.build, told), everywhere(effect.reference_of, reference))


@bug(
    "reference-truncated",
    "A readable reference is cut to the length that the provider takes: the tail told them apart.",
)
def reference_truncated() -> Patch:
    def reference(install_key: bytes, identity: effect.Identity) -> str:
        whole = f"{identity.order}/{identity.capability}/{identity.subject}/{identity.generation}"
        return whole[:16]

    return everywhere(effect.reference_of, reference)


@bug(
    "key-from-step-name",
    "What must happen once is named by its step, so that a step which somebody renamed does it once more.",
    behind="a run keeps the flow under which it began, whatever the flow says today", renamed=True, restarts=3,
)  # fmt: skip
def key_from_step_name() -> Patch:
    known, today = Book.effect, Setting.flow_of

    def identity(self: Step, order: str) -> effect.Identity:
        return effect.Identity(order, f"{self.name} {self.capability}", self.subject, self.generation)

    def own(self: Book, step: Step) -> Effect | None:
        found = known(self, step)
        return found if found is not None and found.step == step.id else None

    def flow_of(self: Setting, run: Run) -> Any:
        return self.flows.get(run.flow) or today(self, run)

    return together(
        replaced(Step, "identity", identity), replaced(Book, "effect", own), replaced(Setting, "flow_of", flow_of)
    )


@bug("effect-not-unique", "Whoever claims a step raises its generation: each try is a new effect with a new key.")
def effect_not_unique() -> Patch:
    return with_each_claim(
        "UPDATE steps SET generation = generation + 1 WHERE order_key = :order AND id = :step AND capability <> ''"
    )
