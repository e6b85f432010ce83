from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hub.sandbox.call import Answer
from hub.sandbox.chance import Chance
from hub.sandbox.faults import AFTER, BEFORE, LEVELS, Faults
from hub.sandbox.ledger import read_lines
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk, Clock


def faults_at(level: str, directory: Path, seed: int = 1) -> Faults:
    return Faults(LEVELS[level], Chance(seed), Settings.hasty(), directory)


@pytest.mark.parametrize(("level", "least", "most"), [("calm", 0, 0), ("rough", 0.10, 0.16), ("storm", 0.30, 0.40)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_level_keeps_its_share(tmp_path: Path, level: str, least: float, most: float, seed: int) -> None:
    faults = faults_at(level, tmp_path, seed)
    hit = sum(faults.for_call("stripe/main", "POST", f"v1/{i}", b"", 0.0) is not None for i in range(1500))
    assert least * 1500 - 1 <= hit <= most * 1500
    assert sum(faults.census.values()) == hit == len(read_lines(tmp_path / "faults.jsonl"))


def test_every_kind_of_fault_occurs(tmp_path: Path) -> None:
    faults = faults_at("storm", tmp_path)
    for i in range(3000):
        faults.for_call("stripe/main", "POST", f"v1/{i}", b"", 0.0)
        faults.for_webhook("shopify/a", "orders/create", i, 0.0)
        faults.for_mail(f"<{i}@x>", 0.0)
    assert set(faults.census) == {
        *BEFORE, *AFTER, "webhook_duplicate", "webhook_late", "webhook_reordered", "webhook_lost",
        "smtp_4xx", "smtp_drop_after_data", "smtp_drop_before_data",
    }  # fmt: skip


def test_a_stored_500_is_stripes_own(tmp_path: Path) -> None:
    faults = faults_at("storm", tmp_path)
    kinds = {faults.for_call("shipbob/main", "POST", f"{i}", b"", 0.0) for i in range(2000)}
    assert "500_kept" not in kinds


def test_no_request_is_hit_for_ever(tmp_path: Path) -> None:
    faults = faults_at("storm", tmp_path)
    longest = run = 0
    for _ in range(2000):
        run = run + 1 if faults.for_call("stripe/main", "POST", "v1/same", b"same", 0.0) else 0
        longest = max(longest, run)
    assert longest <= LEVELS["storm"].burst
    mails = [faults.for_mail("<one@x>", 0.0) is not None for _ in range(300)]
    assert all(not (mails[i] and mails[i + 1] and mails[i + 2]) for i in range(298))


def test_faults_do_not_depend_on_who_came_first(tmp_path: Path) -> None:
    def decided(order: list[int]) -> dict[int, str | None]:
        # The floor looks at the whole run; the share alone decides each call.
        faults = Faults(LEVELS["rough"].__class__("x", 0.12, 0.0), Chance(7), Settings.hasty(), tmp_path)
        return {i: faults.for_call("stripe/main", "POST", f"v1/{i}", b"", 0.0) for i in order}

    forward = decided(list(range(200)))
    assert forward == decided(list(reversed(range(200))))


def test_scripts_hit_what_they_name_and_then_stop(tmp_path: Path) -> None:
    faults = faults_at("calm", tmp_path)
    faults.script(r"POST stripe/main/v1/.*capture", "503_after", times=2)
    kinds = [faults.for_call("stripe/main", "POST", "v1/pi/capture", b"", 0.0) for _ in range(3)]
    assert kinds == ["503_after", "503_after", None]
    assert faults.for_call("stripe/main", "GET", "v1/pi/capture", b"", 0.0) is None


@pytest.mark.parametrize(
    ("kind", "done", "seen"),
    [
        ("503_before", False, (503, "answer")), ("503_after", True, (503, "answer")),
        ("timeout_before", False, (503, "hang")), ("timeout_after", True, (200, "hang")),
        ("reset_before", False, (503, "reset")), ("reset_after", True, (200, "reset")),
        ("429", False, (429, "answer")), ("500_kept", True, (500, "answer")),
    ],
)  # fmt: skip
def test_each_kind_falls_before_or_after_the_effect(clerk: Clerk, kind: str, done: bool, seen: tuple[int, str]) -> None:
    order = clerk.place("woocommerce/basalt", "authorised at Stripe")
    clerk.world.desk.faults.script("capture", kind)
    found = clerk.stripe("POST", f"v1/payment_intents/{order.means.intent}/capture", key="k")
    assert (found.status, found.ending) == seen
    intent = clerk.stripe("GET", f"v1/payment_intents/{order.means.intent}").json()
    assert (intent["status"] == "succeeded") is done


@pytest.mark.parametrize(("body", "ending"), [(b'{"id":12}', "answer"), (b'{"id":1}', "short")])
def test_a_truncated_answer_cannot_be_read(tmp_path: Path, body: bytes, ending: str) -> None:
    found = faults_at("calm", tmp_path).spoil("truncated_after", Answer(200, body), "shipbob/main")
    assert found.ending == ending
    if ending == "answer":
        with pytest.raises(ValueError, match="truncated"):
            found.json()


def test_webhooks_are_doubled_late_reordered_and_lost(tmp_path: Path) -> None:
    clock = Clock()
    world = World.standard(3, tmp_path / "w", clock, Settings.hasty(), "storm")
    clerk = Clerk(world, clock)
    world.subscribe("woocommerce/basalt", "http://hub.example/woo")
    for _ in range(60):
        clerk.place("woocommerce/basalt", "paid by card")
    clerk.wait(30, step=0.1)
    census = world.status()["faults"]
    counted = Counter(each.number for each in clerk.posted)
    # Each paid order tells twice; Stripe has nobody to tell. Lost ones never come, doubled ones come again.
    assert len(counted) == 120 - census["webhook_lost"]
    assert sum(counted.values()) == len(counted) + census["webhook_duplicate"]
    order = [each.number for each in clerk.posted]
    assert order != sorted(order)
