"""The level "torture": its share, its deliveries under one id, its early and its very late webhooks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hub.sandbox import torture
from hub.sandbox.chance import Chance
from hub.sandbox.faults import AFTER, BEFORE, LEVELS, Faults, undone
from hub.sandbox.settings import Settings
from tests.unit.sandbox.clerk import Clerk

HUB = "http://hub.example/hook"


def test_every_kind_occurs_and_the_share_is_kept(tmp_path: Path) -> None:
    faults = Faults(LEVELS["torture"], Chance(1), Settings.tortured(), tmp_path)
    hit = sum(faults.for_call("stripe/main", "POST", f"v1/{i}", b"", 0.0) is not None for i in range(3000))
    assert 0.18 * 3000 - 1 <= hit <= 0.26 * 3000
    for i in range(2000):
        faults.for_webhook("shopify/a", "orders/create", i, 0.0)
        faults.for_mail(f"<{i}@x>", 0.0)
    own = {kind for kind, _ in (*torture.CALLS, *torture.WEBHOOKS, *torture.MAILS)}
    assert own | {*BEFORE, *AFTER} <= set(faults.census)


def test_what_never_reached_the_provider_is_called_before() -> None:
    assert all(undone(kind) == kind.endswith("_before") for kind in (*torture.BEFORE, *torture.AFTER))


def test_calm_is_calm(tmp_path: Path) -> None:
    faults = Faults(LEVELS["torture"], Chance(1), Settings.tortured(), tmp_path)
    faults.calm()
    assert not any(faults.for_call("stripe/main", "POST", f"v1/{i}", b"", 0.0) for i in range(500))


def test_a_webhook_comes_before_the_answer_it_is_about(clerk: Clerk) -> None:
    clerk.world.subscribe("stripe/main", HUB)
    order = clerk.place("woocommerce/basalt", "authorised at Stripe")
    clerk.wait(2)
    clerk.posted.clear()
    clerk.world.desk.faults.script("capture", "early_webhook")
    found = clerk.stripe("POST", f"v1/payment_intents/{order.means.intent}/capture", key="k")
    posted = clerk.world.advance(clerk.clock.now)
    assert found.hold == Settings.hasty().early_seconds
    assert "payment_intent.succeeded" in {each.topic for each in posted}
    again = clerk.stripe("POST", f"v1/payment_intents/{order.means.intent}/capture", key="k")
    assert again.status == 409, "the first is still being answered"


def test_a_twin_in_other_bytes_has_the_same_id(clerk: Clerk) -> None:
    clerk.world.subscribe("woocommerce/basalt", HUB)
    clerk.world.desk.faults.script("order.created", "webhook_altered")
    clerk.place("woocommerce/basalt", "paid by card")
    clerk.wait(2)
    first, second = (each for each in clerk.posted if each.topic == "order.created")
    assert first.identity == second.identity
    assert first.body != second.body and first.headers != second.headers


def test_a_lie_follows_only_what_was_kept_and_only_where_the_id_names_the_event(clerk: Clerk) -> None:
    for prefix in ("stripe/main", "woocommerce/basalt"):
        clerk.world.subscribe(prefix, HUB)
    clerk.world.desk.faults.script("webhook (stripe/main payment_intent|woocommerce/basalt)", "webhook_lie", times=3)
    clerk.place("woocommerce/basalt", "authorised at Stripe")
    clerk.wait(0.4, step=0.1, status=None)
    told = Counter(each.number for each in clerk.posted)
    assert max(told.values()) == 1, "nothing was kept yet"
    clerk.wait(3)
    bodies: dict[int, set[bytes]] = {}
    for each in clerk.posted:
        bodies.setdefault(each.number, set()).add(each.body)
    assert {each.prefix for each in clerk.posted if len(bodies[each.number]) == 2} == {"stripe/main"}


def test_an_hour_late_is_later_than_late(clerk: Clerk) -> None:
    clerk.world.subscribe("woocommerce/basalt", HUB)
    clerk.world.desk.faults.script("order.created", "webhook_hour_late")
    clerk.place("woocommerce/basalt", "paid by card")
    clerk.wait(9)
    assert "order.created" not in {each.topic for each in clerk.posted}
    clerk.wait(35)
    assert "order.created" in {each.topic for each in clerk.posted}


def test_a_slow_mail_server_has_taken_the_letter(clerk: Clerk) -> None:
    order = clerk.place("shopify/aurora", "captured at Shopify")
    clerk.world.desk.faults.script("mail", "smtp_slow_after_data")
    raw = f"To: {order.email}\r\nSubject: Thanks\r\nMessage-ID: <m1@x>\r\n\r\nHello\r\n".encode()
    found = clerk.world.mail("a@x.example", [order.email], raw, clerk.clock.now)
    assert (found.reply[:3], found.hold) == ("250", Settings.hasty().hold_seconds)
