"""The machine under a hub: a wall clock that can be wrong, and a disk that can be full. Neither needs any rights."""

from __future__ import annotations

import os
import resource
import shlex
import struct
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

BELOW = Path(__file__).parent / "below"
CHECKOUT = Path(__file__).parents[2]
HOUR_SECONDS = 2.0  # how long an hour lasts that a provider asks for, as the sandbox compresses it
_PROC = Path("/proc")
_SIZE_MIB = 4096  # of a disk of its own; it takes memory only as it is filled
_TRIES = 50
_LITTLE = 4096  # bytes a file may have while files may not grow
_NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class WrongClock:
    """How wrong the hub's wall clock is, in seconds; a running hub sees a change at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error = 0.0
        path.write_bytes(struct.pack("<d", 0.0))

    def move(self, error: float) -> None:
        self.error = error
        with self.path.open("r+b") as file:
            file.write(struct.pack("<d", error))

    def environment(self) -> list[str]:
        """What stands before a command, so that it believes this clock."""
        path = os.pathsep.join([str(BELOW), str(CHECKOUT)])
        told = (f"PYTHONPATH={path}", f"CROSSDOCK_TORTURE_CLOCK={self.path}", f"CROSSDOCK_TORTURE_HOUR={HOUR_SECONDS}")
        return ["env", *told]


class OwnDisk:
    """A small disk of its own, mounted over a folder in a name space that only the hub enters (user namespaces)."""

    kind = "a disk of its own (tmpfs in a user namespace)"
    limits = False

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        mount = (
            f"mount -t tmpfs -o size={_SIZE_MIB}m crossdock {shlex.quote(str(folder))} && echo ready && exec sleep inf"
        )
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]
        self._holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._holder.stdout is not None
        if self._holder.stdout.readline().strip() != b"ready":
            self.close()
            raise OSError("this system lets nobody mount a disk of his own")
        self._folder = folder
        self._seen = _PROC / str(self._holder.pid) / "root" / str(folder).lstrip("/")

    def prefix(self) -> list[str]:
        return ["nsenter", "--user", "--mount", "--preserve-credentials", f"--target={self._holder.pid}"]

    def fill(self, pid: int) -> None:
        """The disk is made as small as what lies on it: the system has no byte more to give."""
        for _ in range(_TRIES):
            room = os.statvfs(self._seen)
            if self._resize(str((room.f_blocks - room.f_bfree) * room.f_frsize)):
                return
        raise OSError("the disk cannot be made so small")

    def free(self, pid: int) -> None:
        self._resize(f"{_SIZE_MIB}m")

    def _resize(self, size: str) -> bool:
        """False where more lies on it by now."""
        command = [*self.prefix(), "mount", "-o", f"remount,size={size}", str(self._folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()


class Limit:
    """Files that may not grow (RLIMIT_FSIZE on the running hub), on the disk that is there."""

    kind = "files that may not grow (RLIMIT_FSIZE)"
    limits = True

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def prefix(self) -> list[str]:
        return []

    def fill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_LITTLE, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, _NO_LIMIT)

    def close(self) -> None:
        """Nothing was made."""


Disk = OwnDisk | Limit


def own_disk_or_limit(folder: Path) -> Disk:
    """The best this machine allows."""
    try:
        disk = OwnDisk(folder)
    except OSError:
        return Limit(folder)
    if _enters(disk.prefix()):
        return disk
    disk.close()
    return Limit(folder)


def _enters(prefix: Sequence[str]) -> bool:
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
