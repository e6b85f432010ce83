"""A backup is made in the middle of a storm, the storm goes on, and a hub goes on from the backup: it asks first.

The counts are the providers' ledgers: what they did before and after, and what they had to refuse.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.sandbox.verdict import ZEROES
from tests.journey.test_many_processes import verdict_on
from tests.journey.town import Town
from tests.postgres import PostgresServer, tool

ORDERS = 24
_WAITING = "SELECT order_key, id, cause FROM steps WHERE state IN ('parked', 'rejected', 'dead')"
_DOUBTED = "SELECT id FROM steps WHERE state = 'parked' AND capability = 'notification.send'"
_LETTER_STEPS = ("confirmation", "shipped-letter", "delivered-letter", "refunded-letter", "cancelled-letter")


def effects(town: Town) -> Counter[tuple[str, str, str]]:
    """What the providers did: (ledger, what, for which order) -> how often."""
    return Counter(
        (name, str(line.get("effect")), str(line.get("order")))
        for name, lines in town.ledgers().items()
        for line in lines
    )


def nothing_twice(town: Town) -> None:
    verdict = verdict_on(town)
    broken = [str(offence) for offence in verdict.offences if offence.count != "missing_effect"]
    assert not broken


def asked_about(town: Town) -> bool:
    """Nothing moves, and whatever waits for a person does so for a letter of the time that the books do not know."""
    town.quiet()
    return all(cause == "restored" and step.split("/")[1] in _LETTER_STEPS for _, step, cause in town.query(_WAITING))


def a_person_looks(town: Town) -> int:
    """Whoever keeps the shop's mail server has its log of what was sent. How many letters in doubt it names."""
    log = town.home.folder / "mail.log"
    log.write_text("".join(f"sent {line.get('message_id')}\n" for line in town.ledgers()["mailbox"]), "utf-8")
    told = town.crossdock("letters", "--log", str(log), "--yes", "--why", "the mail server's log", "--json")
    return len(json.loads(told)["sent"])


def at_their_ends(town: Town) -> bool:
    """A letter that comes to be in doubt later, on a busy machine, is looked for as the others were."""
    if town.query(_DOUBTED):
        a_person_looks(town)
    counts = verdict_on(town).counts
    return bool(counts["completed"] == counts["expected_completed"] and counts["orders"] == ORDERS)


def storm(town: Town, backup: Callable[[], object]) -> None:
    """The backup is made while orders come in; the hub goes on for a while, and is killed."""
    town.scenario.run(ORDERS, 4.0, time.time())
    time.sleep(2.5)
    backup()
    time.sleep(7)
    town.hub.signal(signal.SIGKILL)
    town.hub.stop()


def goes_on(town: Town, *, since_backup: Counter[tuple[str, str, str]]) -> None:
    before = effects(town)
    assert before - since_backup, "nothing was done after the backup: this test would show nothing"
    town.hub.start()
    town.hub.wait_ready()
    town.until("everything is known, or waits for a person", lambda: asked_about(town), seconds=120)
    nothing_twice(town)
    assert a_person_looks(town)
    town.until("every order has come to its end", lambda: at_their_ends(town), seconds=60)
    counts = verdict_on(town).counts
    assert {name: counts[name] for name in ZEROES} == dict.fromkeys(ZEROES, 0)


@pytest.mark.timeout(300)  # what it waits for has bounds of its own, and a dead process's leases are waited out
def test_who_goes_on_from_a_backup_does_nothing_twice(tmp_path: Path) -> None:
    books = tmp_path / "books.db"
    with Town(tmp_path, level="rough") as town:
        seen: list[Counter[tuple[str, str, str]]] = []

        def backup() -> None:
            town.crossdock("store", "backup", "--to", str(books))
            seen.append(effects(town))

        storm(town, backup)
        town.crossdock("store", "restore", "--from", str(books), "--over")
        goes_on(town, since_backup=seen[0])


@pytest.mark.timeout(300)  # what it waits for has bounds of its own, and a dead process's leases are waited out
def test_nor_does_who_restores_a_postgresql_database(tmp_path: Path, postgres: PostgresServer, url: str) -> None:
    dump = tmp_path / "books.dump"
    with Town(tmp_path, database=url, level="rough") as town:
        seen: list[Counter[tuple[str, str, str]]] = []
        at: list[str] = []

        def backup() -> None:
            at.append(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()))
            subprocess.run([tool("pg_dump"), "--format=custom", f"--file={dump}", url], check=True)
            seen.append(effects(town))

        storm(town, backup)
        postgres.drop(url)
        postgres.make(url)
        subprocess.run([tool("pg_restore"), f"--dbname={url}", dump], check=True)
        town.crossdock("store", "restored", "--since", at[0])
        goes_on(town, since_backup=seen[0])


@pytest.mark.skipif(not os.environ.get("CROSSDOCK_STORMS"), reason="many storms: set CROSSDOCK_STORMS to how many")
@pytest.mark.parametrize("storm_number", range(int(os.environ.get("CROSSDOCK_STORMS", "0"))))
def test_in_many_storms(tmp_path: Path, storm_number: int) -> None:
    test_who_goes_on_from_a_backup_does_nothing_twice(tmp_path)
