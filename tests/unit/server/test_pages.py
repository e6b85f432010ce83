"""What the pages show, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.assembly.hub import Hub
from hub.model.flow import State
from tests.unit.server.browser import Browser
from tests.unit.store.hand import NOW, Hand, add, order_for


def test_the_first_page_says_what_needs_a_person(viewer: Browser) -> None:
    page = viewer.get("/").text
    assert "11 things wait for a person" in page
    assert '<span id="needing" class="badge">11</span>' in page
    assert "Product with reference id TRAY-ASH does not exist in this channel." in page
    assert "crossdock resume shipbob-de" in page
    assert "€242.70" in page and "in 19 h" in page
    assert page.index("In doubt") < page.index("Stopped") < page.index("Yours to decide")


def test_a_hub_without_needs_says_so(hub: Hub, viewer: Browser) -> None:
    hub.store.writer.run(
        lambda tx: [
            tx.run(f"DELETE FROM {table}") for table in ("orders", "steps", "messages", "conflicts", "connections")
        ]
    )
    page = viewer.get("/").text
    assert "Nothing waits for a person." in page and "All clear" in page
    assert "No orders yet" in viewer.get("/orders").text
    assert "every message was understood" in viewer.get("/messages").text


def test_orders_are_listed_filtered_and_found(viewer: Browser) -> None:
    page = viewer.get("/orders").text
    assert "#1052" in page and "Mathilde Aubry" in page and "All <span>32</span>" in page
    held = viewer.get("/orders?state=held").text
    assert "#1048" in held and "#1050" not in held
    assert "#1050" in viewer.get("/orders?q=1050").text
    assert "No such order" in viewer.get("/orders?q=nothing").text
    assert viewer.get("/orders?after=broken").status_code == 400
    assert viewer.get("/orders?state=invented").status_code == 200


def test_an_order_shows_its_walk_timeline_goods_and_parcels(viewer: Browser) -> None:
    page = viewer.get("/orders/shop-eu/5451").text
    for text in (
        "#1051",
        "Buy a label: no clear answer",
        "USPS",
        "9400111899560",
        "Ash serving tray",
        "€89.90",
        "pi_35451Kq",
    ):
        assert text in page
    assert page.count('class="box ') == 11
    assert 'href="https://shop.example/admin/orders/5451"' in page


def test_an_order_that_moves_is_looked_at_again_and_one_that_stands_is_not(viewer: Browser) -> None:
    assert 'hx-trigger="every 5s"' in viewer.get("/orders/shop-eu/5451").text
    assert "hx-trigger" not in viewer.get("/orders/shop-eu/5450").text


def test_a_viewer_does_not_see_where_buyers_live(viewer: Browser, operator: Browser) -> None:
    seen = viewer.get("/orders/shop-eu/5450").text
    assert "ul. Miodowa 3" not in seen and "Kraków" in seen
    assert "ul. Miodowa 3" in operator.get("/orders/shop-eu/5450").text


def test_a_step_shows_its_tries_and_the_effects_names(viewer: Browser) -> None:
    page = viewer.get("/steps/shop-eu/5450?step=fulfil-order/label/group:self-easypost-1").text
    for text in ("not known yet", "looked up", "[REDACTED]", "The connection was reset", "group:self-easypost-1"):
        assert text in page
    assert viewer.get("/steps/shop-eu/5450?step=nothing").status_code == 404


def test_what_differs_at_the_provider_is_said_on_every_page(hub: Hub, viewer: Browser, approver: Browser) -> None:
    detail = {
        "intended": {"lines": {"MUG-OAT": 1}, "recipient": {"postal_code": "69002"}},
        "found": [{"id": "900777"}],
        "differs": [{"id": "900777", "field": "recipient.postal_code", "intended": "69002", "found": "00000"}],
    }

    def write(hand: Hand) -> None:
        hand.begin(order_for("667", "#667", NOW))
        group = hand.group("warehouse", "shipbob-de", ("l1",))
        hand.step("warehouse", f"group:{group.id}", State.PARKED, "shipbob-de", "fulfillment.create", cause="unlike",
                  detail=detail, tries=[("scheduled", "unknown", None, None)])  # fmt: skip

    add(hub.store, "shop-eu:667", timedelta(hours=1), write)
    step = "fulfil-order/warehouse/group:warehouse-shipbob-de-1"
    sentence = "900777: postal code: we meant &#39;69002&#39;, it has &#39;00000&#39;"
    for path in ("/", "/orders/shop-eu/667", f"/steps/shop-eu/667?step={step}"):
        page = viewer.get(path).text
        assert sentence in page and "has something under our reference that differs" in page
    for page in (
        viewer.get(f"/steps/shop-eu/667?step={step}").text,
        approver.get(f"/act/resolve?order=shop-eu:667&step={step}").text,
    ):
        assert "We meant" in page and "shipbob-de has" in page and "<td>postal code" in page


def test_a_step_that_was_skipped_says_why(hub: Hub, viewer: Browser) -> None:
    def write(hand: Hand) -> None:
        hand.begin(order_for("668", "#668", NOW))
        hand.step("complete", "order", State.SKIPPED, "shop-eu", "order.complete", cause="unsupported")

    add(hub.store, "shop-eu:668", timedelta(hours=1), write)
    page = viewer.get("/steps/shop-eu/668?step=fulfil-order/complete/order").text
    assert "shop-eu cannot mark an order complete." in page


def test_held_messages_are_listed_with_their_problems(viewer: Browser) -> None:
    page = viewer.get("/messages").text
    assert page.count("Cannot be understood") == 2 and "No such mapping" in page
    assert "translated" in viewer.get("/messages?state=all").text
    one = viewer.get("/messages/2").text
    assert "send an ISO 4217 code" in one
    conflict = viewer.get("/messages/5").text
    assert "Another body under the same id" in conflict and "USD" in conflict
    assert "Same number, other content" in conflict and "The other body differs in <code>" in conflict
    assert "/messages/5" in viewer.get("/messages?state=conflict").text
    assert "/messages/2" not in viewer.get("/messages?state=conflict").text


def test_a_message_shows_only_what_is_harmless(viewer: Browser) -> None:
    page = viewer.get("/messages/1").text
    assert "mathilde@example.org" not in page and "c2VjcmV0LWJ5dGVz" not in page
    assert "[REDACTED]" in page and "5452" in page


@pytest.mark.parametrize(
    "path", ["/orders/shop-eu/none", "/orders/none/1", "/messages/99", "/steps/shop-eu/none?step=x"]
)
def test_what_is_not_there_is_said_so(viewer: Browser, path: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 404
    assert "Not Found" in answer.text


def test_what_shoppers_and_sources_write_is_shown_and_never_run(hub: Hub, viewer: Browser) -> None:
    attack = '"><script>alert(1)</script>'

    def write(hand: Hand) -> None:
        order = order_for(
            "666", attack, NOW, buyer={"first_name": attack}, permalink_url="javascript:alert(1)", note=attack
        )
        hand.begin(order)
        hand.book.why = attack
        group = hand.group("warehouse", "shipbob-de", ("l1",))
        hand.parcel(group, attack, attack).tracking_url = "javascript:alert(2)"
        hand.step("warehouse", f"group:{group.id}", State.REJECTED, "shipbob-de", "fulfillment.create", cause="refused",
                  detail={"message": attack}, tries=[("scheduled", "refused", attack, attack)])  # fmt: skip

    add(hub.store, "shop-eu:666", timedelta(hours=1), write)
    step = "fulfil-order/warehouse/group:warehouse-shipbob-de-1"
    for path in ("/", "/orders", "/orders/shop-eu/666", f"/steps/shop-eu/666?step={step}", f"/orders?q={attack}"):
        page = viewer.get(path).text
        assert "<script>alert" not in page
        assert 'href="javascript:' not in page


def test_a_source_id_with_slashes_has_a_page(hub: Hub, viewer: Browser) -> None:
    key = "shop-eu:gid://shop/Order/7?x=1"
    add(hub.store, key, timedelta(hours=1), lambda hand: hand.begin(order_for(key.partition(":")[2], "#7", NOW)))
    listed = viewer.get("/orders?q=%237").text
    assert 'href="/orders/shop-eu/gid%3A%2F%2Fshop%2FOrder%2F7%3Fx%3D1"' in listed
    assert viewer.get("/orders/shop-eu/gid%3A%2F%2Fshop%2FOrder%2F7%3Fx%3D1").status_code == 200


def test_an_order_that_was_never_read_has_a_page(hub: Hub, viewer: Browser) -> None:
    hub.store.change("shop-eu:8", lambda book: None, NOW)
    answer = viewer.get("/orders/shop-eu/8")
    assert answer.status_code == 200
    assert "Not read from its storefront yet" in answer.text


def test_a_flood_of_needs_is_counted_and_not_all_drawn(hub: Hub, viewer: Browser) -> None:
    for number in range(60):

        def write(hand: Hand, number: int = number) -> None:
            hand.begin(order_for(str(number), f"#9{number}", NOW))
            hand.step(
                "warehouse", "group:a", State.REJECTED, "shipbob-de", "fulfillment.create", cause="refused", tries=[]
            )

        add(hub.store, f"shop-eu:x{number}", timedelta(hours=1), write)
    page = viewer.get("/").text
    assert "71 things wait for a person" in page
    assert page.count('<article class="need bad">') == 40
    assert "22 more, among the orders that stand still" in page
    assert len(viewer.get("/orders?state=held&state=parked&state=dead").text.split("<tr>")) > 50
