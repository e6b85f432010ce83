"""Records what the shipped store does to its disk, in the process and in the SQLite library that it runs in.

**How.** SQLite does all its file work through a table of functions, the VFS, of which every process has a default one
("unix"). While a tape records, a copy of that table is the default instead: it hands everything on to the original, and
notes opens, writes, truncations, syncs and deletions of the files in one folder. The copy is registered with ctypes in
the library that Python's `sqlite3` module is linked to, so the code that is recorded is `hub.store` as it is shipped,
alembic and SQLAlchemy included, over the SQLite that this Python would use in a merchant's hub. Nothing is replaced in
`hub`.

SQLite syncs directories below that table. It asks for the folder with `openDirectory`, one of the system calls
that its unix layer lets a test replace, and that one is noted too. The hub syncs the folder with `os.fsync`, which is
wrapped while a tape records.

**Why so.** A FUSE file system or ptrace need rights that a test does not have everywhere; a preloaded library needs a
compiler. Recording with apsw would need no C tables, but apsw carries its own SQLite (another version, compiled
otherwise) and another surface than `sqlite3`, so neither the library nor the calls would be the shipped ones.
`test_recorder.py` holds the record against the kernel's own account where strace can be run: same calls, same order,
same offsets.

**What is left out.** The -shm file: it is memory, which SQLite rebuilds when nobody else has the database open. Reads
and locks. `hub.lock`: nothing depends on what is in it.

Where Python has SQLite compiled in and hidden, this cannot be done (`Unreachable`), and these tests are skipped.
"""

from __future__ import annotations

import ctypes
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.power import library as c
from tests.power.tape import Create, Delete, Event, Sync, SyncFolder, Tape, Truncate, Write

_OK = 0


class Recorder:
    """One a process: connections that stay open after a recording still run through its functions."""

    def __init__(self) -> None:
        self._library = c.library()
        self._tape: Tape | None = None
        self._folder = ""
        self._numbers: dict[str, int] = {}  # name in the folder -> file
        self._given = 0
        self._open: dict[int, int] = {}  # address of an open file -> file
        self._originals: dict[int, c.Methods] = {}  # address of an open file -> the layer below
        self._copies: dict[int, c.Methods] = {}  # address of a table of methods -> its copy
        self._within = threading.local()  # `folder`: SQLite opened the folder in the call that runs
        self._below = c.Vfs.from_address(self._library.sqlite3_vfs_find(None))
        self._vfs = self._copy_of_vfs()
        self._library.sqlite3_vfs_register(ctypes.addressof(self._vfs), 0)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))  # a connection may be closed after Python's last module

    @contextmanager
    def recording(self, folder: Path) -> Iterator[Tape]:
        """What the folder's files go through from now on. One at a time; connections must be opened inside."""
        assert self._tape is None, "one recording at a time"
        self._folder = os.path.realpath(folder)
        tape = Tape({path.name: path.read_bytes() for path in folder.iterdir() if _interesting(path.name)})
        self._numbers = {name: number for number, name in enumerate(tape.files, 1)}
        self._given = len(self._numbers)
        fsync, self._tape = os.fsync, tape
        os.fsync = partial(self._fsync, fsync)
        self._library.sqlite3_vfs_register(ctypes.addressof(self._vfs), 1)
        try:
            yield tape
        finally:
            self._tape = None
            os.fsync = fsync
            self._library.sqlite3_vfs_register(ctypes.addressof(self._below), 1)

    # --- the table of the file system

    def _copy_of_vfs(self) -> c.Vfs:
        copy = c.Vfs()
        ctypes.pointer(copy)[0] = self._below
        self._x_open = c.OPEN(self._opened)
        self._x_delete = c.DELETE(self._deleted)
        self._x_close = c.CLOSE(self._closed)
        self._x_write = c.WRITE(self._written)
        self._x_truncate = c.TRUNCATE(self._truncated)
        self._x_sync = c.SYNC(self._synced)
        copy.pNext, copy.zName = None, b"crossdock-recorder"
        copy.xOpen, copy.xDelete = _address(self._x_open), _address(self._x_delete)
        self._open_below, self._delete_below = c.OPEN(self._below.xOpen), c.DELETE(self._below.xDelete)
        here = ctypes.addressof(self._below)
        self._folder_below = c.OPEN_DIRECTORY(c.GET_SYSTEM_CALL(self._below.xGetSystemCall)(here, b"openDirectory"))
        self._x_folder = c.OPEN_DIRECTORY(self._folder_opened)
        c.SET_SYSTEM_CALL(self._below.xSetSystemCall)(here, b"openDirectory", _address(self._x_folder))
        return copy

    def _opened(self, _vfs: int, path: int | None, file: int, flags: int, out: Any) -> int:
        name = self._name(path)
        existed = name is not None and os.path.exists(os.path.join(self._folder, name))
        answer: int = self._open_below(ctypes.addressof(self._below), path, file, flags, out)
        if answer == _OK and name is not None:
            if not existed or name not in self._numbers:
                self._given += 1
                self._numbers[name] = self._given
                self._note(Create(name, self._given))
            self._hook(file, self._numbers[name])
        return answer

    def _hook(self, file: int, number: int) -> None:
        """The open file answers through a copy of its methods of which four are ours."""
        head = c.File.from_address(file)
        if head.methods not in self._copies:
            copy = c.Methods()
            ctypes.pointer(copy)[0] = c.Methods.from_address(head.methods)
            copy.xClose, copy.xWrite = _address(self._x_close), _address(self._x_write)
            copy.xTruncate, copy.xSync = _address(self._x_truncate), _address(self._x_sync)
            self._copies[head.methods] = copy
        self._open[file] = number
        self._originals[file] = c.Methods.from_address(head.methods)
        head.methods = ctypes.addressof(self._copies[head.methods])

    def _deleted(self, _vfs: int, path: int, sync: int) -> int:
        name, self._within.folder = self._name(path), False
        answer: int = self._delete_below(ctypes.addressof(self._below), path, sync)
        if name is not None and self._numbers.pop(name, None) is not None and answer == _OK:
            self._note(Delete(name))
            if self._within.folder:
                self._note(SyncFolder("sqlite"))
        return answer

    # --- the tables of files

    def _closed(self, file: int) -> int:
        below = self._originals.pop(file)
        self._open.pop(file)
        c.File.from_address(file).methods = ctypes.addressof(below)
        return int(c.CLOSE(below.xClose)(file))

    def _written(self, file: int, data: int, size: int, offset: int) -> int:
        # Noted before it happens: nobody can have been told of it earlier.
        self._note(Write(self._open[file], offset, ctypes.string_at(data, size)))
        return int(c.WRITE(self._originals[file].xWrite)(file, data, size, offset))

    def _truncated(self, file: int, size: int) -> int:
        self._note(Truncate(self._open[file], size))
        return int(c.TRUNCATE(self._originals[file].xTruncate)(file, size))

    def _synced(self, file: int, flags: int) -> int:
        self._within.folder = False
        answer = int(c.SYNC(self._originals[file].xSync)(file, flags))
        if answer == _OK:  # noted after it happened: until then nothing is sure
            self._note(Sync(self._open[file]))
            if self._within.folder:
                self._note(SyncFolder("sqlite"))
        return answer

    def _folder_opened(self, path: bytes, out: Any) -> int:
        self._within.folder = True
        return int(self._folder_below(path, out))

    # --- Python's own

    def _fsync(self, below: Any, fd: Any) -> None:
        below(fd)
        found = os.fstat(fd if isinstance(fd, int) else fd.fileno())
        if stat.S_ISDIR(found.st_mode) and os.path.samestat(found, os.stat(self._folder)):
            self._note(SyncFolder("hub"))

    def _name(self, path: int | None) -> str | None:
        """The file's name, where it is one of the folder's. A temporary file has no path."""
        if path is None or self._tape is None:
            return None
        folder, name = os.path.split(os.fsdecode(ctypes.string_at(path)))
        return name if os.path.realpath(folder) == self._folder and _interesting(name) else None

    def _note(self, event: Event) -> None:
        if self._tape is not None:
            self._tape.events.append(event)


@cache
def recorder() -> Recorder:
    """Raises `Unreachable`."""
    return Recorder()


def _interesting(name: str) -> bool:
    return not name.endswith((".lock", "-shm"))


def _address(function: Any) -> int:
    found = ctypes.cast(function, ctypes.c_void_p).value
    assert found is not None
    return found
