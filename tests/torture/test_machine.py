"""The machine below the hub: its clock is wrong for the hub's own code, its disk is full to the last byte."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.torture.machine import OwnDisk, WrongClock

ASK = """
import time
from hub.assembly.clock import AnchoredClock
from hub.connector.connection import Clock
from hub.connector.verdict import LONGEST_RETRY_AFTER
clock = AnchoredClock()
print(clock().timestamp(), Clock().now().timestamp(), time.time())
print(type(clock()).__name__, LONGEST_RETRY_AFTER, flush=True)
input()
print(clock().timestamp(), flush=True)
"""


def test_the_hub_believes_a_clock_that_is_wrong_and_that_is_moved_while_it_runs(tmp_path: Path) -> None:
    clock = WrongClock(tmp_path / "clock")
    clock.move(-240.0)
    command = [*clock.environment(), sys.executable, "-c", ASK]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        times = process.stdout.readline().split()
        kind, hour = process.stdout.readline().split()
        assert [float(each) - time.time() for each in times] == pytest.approx([-240.0] * 3, abs=5)
        assert (kind, float(hour)) == (datetime.__name__, 2.0)
        clock.move(250.0)
        process.stdin.write("\n")
        process.stdin.flush()
        assert float(process.stdout.readline()) - time.time() == pytest.approx(250.0, abs=5)


def test_a_disk_of_its_own_is_full_and_then_is_not(tmp_path: Path) -> None:
    try:
        disk = OwnDisk(tmp_path / "disk")
    except OSError as error:
        pytest.skip(str(error))
    write = [*disk.prefix(), "dd", "if=/dev/zero", "bs=64k", "count=1", f"of={tmp_path}/disk/file"]
    assert subprocess.run(write, capture_output=True, check=False).returncode == 0
    disk.fill(0)
    full = subprocess.run([*write[:-1], f"of={tmp_path}/disk/other"], capture_output=True, text=True, check=False)
    assert full.returncode and "No space left" in full.stderr
    disk.free(0)
    assert subprocess.run(write, capture_output=True, check=False).returncode == 0
    disk.close()
