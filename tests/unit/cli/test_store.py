"""The books of an installation go into a PostgreSQL database, and are worked on in one place only."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from hub.assembly import moving
from hub.assembly.hub import open_hub
from hub.model.flow import State
from hub.store.moments import SqlStore
from hub.store.schema import metadata
from tests.looking import look
from tests.unit.cli.conftest import Run
from tests.unit.store.filled import fill
from tests.unit.store.hand import NOW, add, order_for


@pytest.fixture
def filled(home: Path) -> Path:
    """An installation with orders in many states, one of them claimed by a process that is gone."""
    hub = open_hub(home)
    fill(hub.store)

    def claimed(hand: Any) -> None:
        hand.begin(order_for("moving", "#moving", NOW))
        hand.step("capture", "order", State.READY, "pay", "payment.capture")

    add(hub.store, "shop:moving", timedelta(0), claimed)
    hub.store.writer.run(lambda tx: tx.run("UPDATE steps SET due_at = 0 WHERE order_key = 'shop:moving'"))
    assert hub.store.claim_steps(1, hub.clock())
    hub.close()
    return home


def contents(store: SqlStore) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, but for leases and the facts of the installation."""
    found = {}
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns if column.name not in ("due_at", "lease_until")]
        if table.name != "install":
            quoted = ", ".join(f'"{name}"' for name in names)
            found[table.name] = sorted(look(store, f'SELECT {quoted} FROM "{table.name}"'), key=repr)
    return found


def books_of(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    hub = open_hub(home, threaded=False)
    try:
        return contents(hub.store)
    finally:
        hub.close()


def test_every_row_is_there_and_what_was_claimed_is_due(filled: Path, run: Run, url: str) -> None:
    before = books_of(filled)
    answer = json.loads(run("store", "copy", "--to", url, "--home", filled, "--json").stdout)
    assert answer["rows"]["orders"] == len(before["orders"])
    config = filled / "hub.yaml"
    config.write_text(config.read_text().replace("store: sqlite", f"store: {url}"))
    assert books_of(filled) == before
    hub = open_hub(filled)
    try:
        assert "shop:moving" in {claim.order for claim in hub.store.claim_steps(500, hub.clock())}
        hub.store.audit("ann", "note", "after", {}, hub.clock())  # numbers go on where they were
        hub.store.change("shop:moving", lambda book: book.note(NOW, "ann", "note", "There."), hub.clock())
    finally:
        hub.close()


def test_no_hub_starts_on_the_file_from_then_on(filled: Path, run: Run, url: str) -> None:
    run("store", "copy", "--to", url, "--home", filled)
    assert "were moved" in run("pause", "x", "--home", filled, code=2).stderr


def test_a_move_that_was_broken_off_is_made_good_by_another(filled: Path, run: Run, url: str) -> None:
    with patch.object(moving, "copy_to_postgres", side_effect=KeyboardInterrupt):
        run("store", "copy", "--to", url, "--home", filled, code=1)
    assert "were moved" in run("pause", "x", "--home", filled, code=2).stderr
    first = json.loads(run("store", "copy", "--to", url, "--home", filled, "--json").stdout)
    again = json.loads(run("store", "copy", "--to", url, "--home", filled, "--json").stdout)
    assert first["rows"]["orders"]
    assert again["rows"] == {}


def test_a_database_that_is_not_empty_takes_nothing_and_the_file_stays(filled: Path, run: Run, url: str) -> None:
    before = books_of(filled)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO install (name, value) VALUES ('key', 'another')")
    said = run("store", "copy", "--to", url, "--home", filled, code=2).stderr
    assert "not empty" in said
    assert books_of(filled) == before


def test_nothing_is_moved_under_a_running_hub_or_to_nowhere(filled: Path, run: Run, url: str) -> None:
    hub = open_hub(filled)
    try:
        assert "another hub runs" in run("store", "copy", "--to", url, "--home", filled, code=1).stderr
    finally:
        hub.close()
    assert "names no store" in run("store", "copy", "--to", "mysql://x/y", "--home", filled, code=2).stderr


def test_where_there_is_no_file_there_is_nothing_to_move(home: Path, run: Run, url: str) -> None:
    assert "no database yet" in run("store", "copy", "--to", url, "--home", home, code=2).stderr
