"""Every cause, wherever it is shown: in words, with the connection's name and what was to be done, and no gap left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hub.cli import render, say
from hub.model.capability import CAPABILITIES, doing
from hub.model.cause import CAUSES, advice_on, in_words
from hub.model.flow import State
from hub.model.plain import dossier_document, plain
from hub.store.moments import SqlStore
from hub.store.views import Views
from tests.postgres import PostgresServer
from tests.stores import stores
from tests.unit.store.hand import NOW, Hand, add, order_for

CODES = [*CAUSES, "of_tomorrow"]
STOPPED = (State.HELD, State.PARKED, State.REJECTED, State.DEAD, State.SKIPPED, State.CANCELLED)
ABOUT = "label.buy"


@pytest.fixture(scope="module")
def store(database: PostgresServer | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """For every cause an order that has it in every state, and one of which it says why it is left alone."""

    def stopped(hand: Hand, code: str) -> None:
        hand.begin(order_for(code, f"#{code}", NOW))
        for state in STOPPED:
            hand.step(f"a-{state.value}", "order", state, "easypost-main", ABOUT, cause=code, tries=[])
        hand.step("payment", "order", State.HELD, "easypost-main", cause=code)
        hand.step("nobody", "order", State.HELD, None, ABOUT, cause=code, tries=[])

    def alone(hand: Hand, code: str) -> None:
        hand.begin(order_for(f"old-{code}", f"#old-{code}", NOW), "history")
        hand.book.why = code

    with stores(tmp_path_factory.mktemp("causes"), database) as make:
        made = make()
        for code in CODES:
            add(made, f"shop:{code}", timedelta(hours=1), lambda hand, code=code: stopped(hand, code))
            add(made, f"shop:old-{code}", timedelta(hours=1), lambda hand, code=code: alone(hand, code))
        yield made


def whole(text: str) -> bool:
    return "{connection}" not in text and "{what}" not in text


@pytest.mark.parametrize("code", CODES)
def test_in_words(code: str) -> None:
    for capability in (None, *CAPABILITIES):
        for connection in (None, "easypost-main"):
            words = in_words(code, connection=connection, what=doing(capability))
            advice = advice_on(code, connection=connection, what=doing(capability))
            assert (whole(words + advice) and words[:1] == words[:1].upper()) or words.startswith("easypost-main")


def test_what_needs_a_person(store: SqlStore) -> None:
    found = Views(store.readers).attention(NOW)
    assert {need.code for need in found} >= set(CAUSES) - {"conflict", "expiring", "expired"}
    assert not [need for need in found if not whole(json.dumps(plain(need)))]


def test_a_connections_name_and_what_was_to_be_done_are_in_the_words(store: SqlStore) -> None:
    found = [need for need in Views(store.readers).attention(NOW) if need.order and need.connection]
    named = [need for need in found if "{connection}" in CAUSES.get(need.code, CAUSES["absent"]).words]
    doing_ = [need for need in found if "{what}" in CAUSES.get(need.code, CAUSES["overtaken"]).words]
    assert named and all("easypost-main" in need.words for need in named if need.code in CAUSES)
    assert doing_ and all("buy a label" in need.words or need.what is None for need in doing_ if need.code in CAUSES)


@pytest.mark.parametrize("code", CODES)
def test_timeline_api_and_shell(store: SqlStore, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    views = Views(store.readers)
    for key in (f"shop:{code}", f"shop:old-{code}"):
        found = views.order(key)
        assert found is not None
        entries = views.timeline(found)
        document = dossier_document(found, entries)
        render.dossier(found, NOW)
        render.timeline(entries)
        assert whole(json.dumps(document)) and whole(capsys.readouterr().out)
        if key == f"shop:{code}":
            told = {entry.more for entry in entries if entry.kind in ("step", "stopped") and entry.capability == ABOUT}
            expected = in_words(code, connection="easypost-main", what="buy a label")
            assert expected in told or code == "does_not_apply"
            assert {step["words"] for step in document["steps"] if step["connection"] and step["capability"]} == {
                expected
            }


def test_the_lists_of_steps(store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    render.steps(Views(store.readers).steps(STOPPED), NOW)
    for need in Views(store.readers).attention(NOW):
        render.need(need, NOW)
    say.line()
    assert whole(capsys.readouterr().out)
