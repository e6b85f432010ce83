"""Backups of the books: whole, never over another, and never gone on from without saying so."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.assembly import waterline
from hub.assembly.home import Home
from hub.assembly.hub import open_hub
from hub.assembly.restoring import gap_of
from hub.flow import gap
from tests.unit.cli.conftest import Run
from tests.unit.store.filled import fill


@pytest.fixture
def filled(home: Path) -> Path:
    hub = open_hub(home)
    fill(hub.store)
    hub.close()
    return home


def counts(database: Path) -> list[int]:
    with closing(sqlite3.connect(database)) as books:
        tables = ("orders", "steps", "effects", "messages", "attempts")
        return [books.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def by_hand(file: Path, home: Path) -> None:
    """A file in the place of the database, and nobody told."""
    database = home / "data" / "crossdock.db"
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    shutil.copy(file, database)


def refused(run: Run, *words: str | Path) -> str:
    return run("store", *words, code=2).stderr


def back_up(run: Run, home: Path, file: Path) -> Path:
    run("store", "backup", "--to", file, "--home", home)
    return file


def test_a_backup_is_whole_and_private_and_made_beside_a_running_hub(filled: Path, run: Run, tmp_path: Path) -> None:
    hub = open_hub(filled)
    try:
        told = json.loads(run("store", "backup", "--to", tmp_path / "b.db", "--home", filled, "--json").stdout)
    finally:
        hub.close()
    assert told["orders"] == counts(filled / "data" / "crossdock.db")[0]
    assert counts(tmp_path / "b.db") == counts(filled / "data" / "crossdock.db")
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "b.db" in path.name] == ["b.db"]  # no log beside it, no draft


def test_a_backup_is_never_written_over_another(filled: Path, run: Run, tmp_path: Path) -> None:
    back_up(run, filled, tmp_path / "b.db")
    assert "exists already" in run("store", "backup", "--to", tmp_path / "b.db", "--home", filled, code=2).stderr


def test_books_that_are_there_are_put_aside_only_on_purpose(filled: Path, run: Run, tmp_path: Path) -> None:
    file = back_up(run, filled, tmp_path / "b.db")
    assert "--over" in run("store", "restore", "--from", file, "--home", filled, code=2).stderr
    told = json.loads(run("store", "restore", "--from", file, "--over", "--home", filled, "--json").stdout)
    assert counts(Path(told["aside"]) / "crossdock.db") == counts(file)
    assert told["asked"] > 0
    assert told["orders"] > 0


def test_nobody_restores_under_a_running_hub(filled: Path, run: Run, tmp_path: Path) -> None:
    file = back_up(run, filled, tmp_path / "b.db")
    hub = open_hub(filled)
    try:
        assert "another hub runs" in run(
            "store", "restore", "--from", file, "--over", "--home", filled, code=None
        ).stderr  # fmt: skip
    finally:
        hub.close()


def test_restored_books_know_it_and_every_unfinished_change_is_to_be_asked_about(
    filled: Path, run: Run, tmp_path: Path
) -> None:
    file = back_up(run, filled, tmp_path / "b.db")
    (filled / "data" / "crossdock.db").unlink()
    told = json.loads(run("store", "restore", "--from", file, "--home", filled, "--json").stdout)
    hub = open_hub(filled)
    try:
        assert hub.setting.gap == gap_of(hub.store)
        assert hub.setting.gap is not None
        assert hub.setting.gap.since.isoformat() == told["since"]
        pending = 0
        for row in hub.store.readers.tx().all("SELECT key FROM orders WHERE disposition = 'active'"):
            book = hub.store.read(row["key"])
            assert book is not None
            pending += sum(gap.pending(step) for step in book.steps.values() if step.capability)
            assert book.read_at is None
        assert pending == told["asked"]
        assert hub.store.readers.tx().one("SELECT 1 FROM audit WHERE action = 'restored'") is not None
    finally:
        hub.close()


def test_what_is_no_backup_of_this_installation_is_refused(filled: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("these are no books")
    assert "no backup" in refused(run, "restore", "--from", tmp_path / "text.db", "--over", "--home", filled)
    run("init", tmp_path / "other")
    open_hub(tmp_path / "other").close()
    file = back_up(run, tmp_path / "other", tmp_path / "other.db")
    assert "another install key" in run("store", "restore", "--from", file, "--over", "--home", filled, code=2).stderr
    assert "no file" in refused(run, "restore", "--from", tmp_path / "none.db", "--over", "--home", filled)


def test_books_that_went_back_are_refused_until_they_know_it(filled: Path, run: Run, tmp_path: Path) -> None:
    home = Home(filled)
    hub = open_hub(filled)
    waterline.rise(hub.store, home.waterline)
    hub.close()
    back_up(run, filled, tmp_path / "by-hand.db")
    hub = open_hub(filled)
    waterline.rise(hub.store, home.waterline)
    hub.close()
    by_hand(tmp_path / "by-hand.db", filled)
    assert "store restored" in run("pause", "x", "--home", filled, code=None).stderr
    run("store", "restored", "--since", "2026-05-01T00:00:00", "--home", filled)
    open_hub(filled).close()


def test_a_backup_of_before_there_was_a_waterline_is_told_from_the_books_too(
    filled: Path, run: Run, tmp_path: Path
) -> None:
    file = back_up(run, filled, tmp_path / "b.db")
    hub = open_hub(filled)
    waterline.rise(hub.store, Home(filled).waterline)
    hub.close()
    by_hand(file, filled)
    assert "store restored" in run("pause", "x", "--home", filled, code=None).stderr


def test_a_time_to_come_is_no_backup(filled: Path, run: Run) -> None:
    assert "is to come" in run("store", "restored", "--since", "2999-01-01", "--home", filled, code=2).stderr


def test_a_command_that_was_broken_off_is_given_again(filled: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*told: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr("hub.store.recall._others", broken_off)
        with pytest.raises(RuntimeError):
            run("store", "restored", "--since", "2026-05-01", "--home", filled)
    assert "store restored" in run("pause", "x", "--home", filled, code=None).stderr
    told = json.loads(run("store", "restored", "--home", filled, "--json").stdout)
    assert told["since"].startswith("2026-05-01")
    open_hub(filled).close()
