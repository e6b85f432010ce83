"""The recorder sees what the kernel sees, and the shipped process syncs before it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.power import deeds
from tests.power.kernel import Step, steps_of, traced
from tests.power.library import Unreachable
from tests.power.recorder import recorder

LOG = "hub.db-wal"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    folder = tmp_path_factory.mktemp("recorded")
    try:
        with recorder().recording(folder) as tape:
            deeds.do(folder, lambda: tape.say("acknowledged"))
    except Unreachable as error:
        pytest.skip(str(error))
    return steps_of(tape)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    checkout = Path(__file__).parents[2]
    return traced(tmp_path_factory.mktemp("traced"), checkout, tmp_path_factory.mktemp("told") / "strace")


def unsynced(steps: list[Step]) -> list[int]:
    """Which acknowledgements were given while something of the log, or its name, was not synced."""
    found: list[int] = []
    open_writes, name_synced, count = 0, False, 0
    for step in steps:
        if step == ("create", LOG):
            name_synced = False
        elif step == ("sync folder",):
            name_synced = True
        elif step[:2] == ("write", LOG):
            open_writes += 1
        elif step == ("sync", LOG):
            open_writes = 0
        elif step == ("acknowledged",):
            count += 1
            if open_writes or not name_synced:
                found.append(count)
    return found


def test_the_recorder_and_the_kernel_tell_the_same(recorded: list[Step], kernels: list[Step]) -> None:
    assert recorded == kernels


def test_the_shipped_process_syncs_its_log_and_the_logs_name_before_each_acknowledgement(kernels: list[Step]) -> None:
    assert kernels.count(("acknowledged",)) == 14
    assert unsynced(kernels) == []
    assert kernels.count(("sync", LOG)) >= 14


def test_the_deeds_touch_everything_that_can_be_recorded(recorded: list[Step]) -> None:
    assert {step[0] for step in recorded} == {
        "create", "delete", "write", "truncate", "sync", "sync folder", "acknowledged",
    }  # fmt: skip
    assert {step[1] for step in recorded if len(step) > 1} == {"hub.db", "hub.db-journal", LOG}


def test_an_acknowledgement_before_its_sync_is_seen() -> None:
    good: list[Step] = [("create", LOG), ("write", LOG, 0, 32), ("sync", LOG), ("sync folder",), ("acknowledged",)]
    assert unsynced(good) == []
    assert unsynced([*good, ("write", LOG, 32, 24), ("acknowledged",), ("sync", LOG)]) == [2]
    assert unsynced([step for step in good if step != ("sync folder",)]) == [1]


def test_what_is_not_recorded_is_left_alone(tmp_path: Path, recorded: list[Step]) -> None:
    """A tape begins and ends; other folders and other tapes know nothing of it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    with recorder().recording(tmp_path / "here") as tape:
        deeds.do(tmp_path / "there", lambda: None)
    assert tape.events == []
    deeds.do(tmp_path / "here", lambda: None)
    assert tape.events == []
