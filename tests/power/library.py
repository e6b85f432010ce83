"""The SQLite library that Python's own sqlite3 module uses, reached beside it: its file layer's tables in C."""

from __future__ import annotations

import _sqlite3
import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from functools import cache


class Unreachable(Exception):
    """This Python carries its SQLite inside, with its functions hidden: what it writes cannot be recorded."""


class Methods(Structure):
    """sqlite3_io_methods."""

    _fields_ = [
        ("iVersion", c_int),
        *(
            (name, c_void_p)
            for name in (
                "xClose", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize", "xLock", "xUnlock",
                "xCheckReservedLock", "xFileControl", "xSectorSize", "xDeviceCharacteristics", "xShmMap", "xShmLock",
                "xShmBarrier", "xShmUnmap", "xFetch", "xUnfetch",
            )
        ),
    ]  # fmt: skip


class File(Structure):
    """sqlite3_file: what follows the pointer belongs to the layer below."""

    _fields_ = [("methods", c_void_p)]


class Vfs(Structure):
    """sqlite3_vfs."""

    _fields_ = [
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        *(
            (name, c_void_p)
            for name in (
                "xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose",
                "xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64", "xSetSystemCall",
                "xGetSystemCall", "xNextSystemCall",
            )
        ),
    ]  # fmt: skip


# Addresses are plain numbers here: a file is known by where its structure lies. A path stays where it is (an open file
# keeps its address, and parameters follow it in memory).
OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
DELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
CLOSE = CFUNCTYPE(c_int, c_void_p)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
OPEN_DIRECTORY = CFUNCTYPE(c_int, c_char_p, POINTER(c_int))
GET_SYSTEM_CALL = CFUNCTYPE(c_void_p, c_void_p, c_char_p)
SET_SYSTEM_CALL = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)


@cache
def library() -> ctypes.CDLL:
    """Raises Unreachable. A library that is loaded already is not loaded again: it is the very one that is used."""
    for name in (getattr(_sqlite3, "__file__", None), None):
        try:
            found = ctypes.CDLL(name)
            found.sqlite3_vfs_find.restype = c_void_p
            found.sqlite3_vfs_find.argtypes = [c_char_p]
            found.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
        except (OSError, AttributeError):
            continue
        return found
    raise Unreachable("the SQLite of this Python cannot be reached from outside: its writes cannot be recorded")
