"""What is over and old is filed and leaves the books; what tells a repeat from news, and what is unfinished, stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.assembly import archiving
from hub.assembly.config import KeepPart
from hub.model.flow import TERMINAL
from hub.model.message import Kept
from hub.store.moments import SqlStore
from tests.looking import look
from tests.postgres import PostgresServer
from tests.stores import stores
from tests.unit.store.filled import delivery, fill
from tests.unit.store.hand import NOW

DAY = timedelta(days=1)
KEEP = KeepPart(orders_days=3, messages_days=3)
LATER = NOW + 2 * DAY
_OVER = tuple(state.value for state in TERMINAL)


@pytest.fixture
def filled(tmp_path: Path, database: PostgresServer | None) -> Any:
    with stores(tmp_path, database) as make:
        store = make()
        fill(store)
        yield store


def everything(store: SqlStore, folder: Path) -> archiving.Archived:
    orders = messages = after = 0
    while True:
        done = archiving.archive_some(store, KEEP, folder, LATER, after)
        orders, messages, after = orders + done.orders, messages + done.messages, done.last
        if not done.more:
            return archiving.Archived(orders, messages)


def unfinished(store: SqlStore) -> Any:
    marks = ", ".join("?" for _ in _OVER)
    keys = {row[0] for row in look(store, f"SELECT DISTINCT order_key FROM steps WHERE state NOT IN ({marks})", *_OVER)}
    return {key: repr(store.read(key)) for key in sorted(keys)}


def test_what_is_over_leaves_and_what_is_unfinished_is_as_it_was(filled: SqlStore, tmp_path: Path) -> None:
    before = unfinished(filled)
    told = archiving.old(filled, KEEP, LATER)
    done = everything(filled, tmp_path / "archive")
    assert done.orders == told.orders > 10
    assert before
    assert unfinished(filled) == before
    assert everything(filled, tmp_path / "archive") == archiving.Archived()


def test_the_archive_holds_all_that_the_books_held(filled: SqlStore, tmp_path: Path) -> None:
    (key,) = look(filled, "SELECT key FROM orders WHERE state = 'completed' ORDER BY changed_at LIMIT 1")[0]
    steps = look(filled, "SELECT id FROM steps WHERE order_key = ? ORDER BY id", key)
    document = look(filled, "SELECT document FROM orders WHERE key = ?", key)[0][0]
    everything(filled, tmp_path / "archive")
    found = archiving.found_in(tmp_path / "archive", key)
    assert found is not None
    assert sorted(row["id"] for row in found["rows"]["steps"]) == [step for (step,) in steps]
    assert found["rows"]["orders"][0]["document"] == document
    assert look(filled, "SELECT count(*) FROM steps WHERE order_key = ?", key) == [(0,)]
    assert archiving.found_in(tmp_path / "archive", "shop-eu:none") is None


def test_a_stone_keeps_the_names_of_what_was_done(filled: SqlStore, tmp_path: Path) -> None:
    names = look(filled, "SELECT key, reference, provider_id, executed FROM effects ORDER BY key")
    handles = look(filled, "SELECT connection, handle, order_key FROM handles ORDER BY connection, handle, order_key")
    everything(filled, tmp_path / "archive")
    assert look(filled, "SELECT key, reference, provider_id, executed FROM effects ORDER BY key") == names
    found = look(filled, "SELECT connection, handle, order_key FROM handles ORDER BY connection, handle, order_key")
    assert found == handles


def test_a_message_that_comes_again_is_known_and_another_body_under_its_id_is_a_conflict(
    filled: SqlStore, tmp_path: Path
) -> None:
    first = delivery("shop-eu", "orders/updated", 9001, b'{"id": 1}')
    assert filled.keep(first, NOW - 9 * DAY) is Kept.NEW
    (message,) = [m for m in filled.claim_messages(50, NOW) if m.delivery.delivery_id == first.delivery_id]
    filled.settle_message(message.id, message.token, "ignored", "other", {}, NOW)
    assert everything(filled, tmp_path / "archive").messages >= 1
    bodies = look(filled, "SELECT body FROM messages WHERE delivery_id = ?", first.delivery_id)
    assert [bytes(body) for (body,) in bodies] == [b""]
    assert filled.keep(first, LATER) is Kept.REPEAT
    assert filled.keep(delivery("shop-eu", "orders/updated", 9001, b'{"id": 2}'), LATER) is Kept.CONFLICT


def test_a_sweep_does_not_miss_an_order_that_was_filed(filled: SqlStore, tmp_path: Path) -> None:
    everything(filled, tmp_path / "archive")
    connection, source_id = look(filled, "SELECT connection, source_id FROM orders WHERE state = 'archived'")[0]
    assert filled.known_orders(connection, [source_id]) == {source_id}


def test_what_changes_between_the_file_and_the_stone_stays(
    filled: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = look(filled, "SELECT key FROM orders WHERE state = 'completed' ORDER BY changed_at LIMIT 1")[0]

    def and_then(real: Callable[..., None]) -> Callable[..., None]:
        def file(*told: Any) -> None:
            real(*told)
            filled.change(key, lambda book: book.note(LATER, "ann", "note", "Wait."), LATER)

        return file

    monkeypatch.setattr(archiving, "_file", and_then(archiving._file))
    everything(filled, tmp_path / "archive")
    assert look(filled, "SELECT state FROM orders WHERE key = ?", key) == [("completed",)]


def test_the_chore_comes_again_and_goes_when_nothing_is_to_be_let_go(filled: SqlStore, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    assert archiving.turn(filled, KEEP, folder, {}, LATER)[0] == LATER + timedelta(hours=6)
    assert archiving.turn(filled, KeepPart(), folder, {}, LATER) == (None, {})


def test_what_was_interrupted_before_the_stone_is_filed_again(
    filled: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "archive"
    with monkeypatch.context() as broken:
        broken.setattr("hub.store.archive.leave_stones", lambda store, old: (0, 0))
        archiving.archive_some(filled, KEEP, folder, LATER)
    done = archiving.archive_some(filled, KEEP, folder, LATER + timedelta(seconds=1))
    assert done.orders > 10
    (key,) = look(filled, "SELECT key FROM orders WHERE state = 'archived' ORDER BY key LIMIT 1")[0]
    found = archiving.found_in(folder, key)
    assert found is not None
    assert found["archived_at"] == (LATER + timedelta(seconds=1)).isoformat()
    assert found.keys() == archiving.schema()["properties"].keys()
    assert json.loads(json.dumps(found)) == found
