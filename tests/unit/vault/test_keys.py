"""The install key: private, stable in its identity, rotating in its seals."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from hub.vault.keys import InstallKey, KeyFault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "install.key"


def test_it_is_made_once_and_private(path):
    first = InstallKey.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert InstallKey.load_or_create(path).identity == first.identity
    assert len(first.identity) == 32


def test_a_race_to_make_it_has_one_winner(path):
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(InstallKey.load_or_create(path).identity)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_sealing_hides_and_proves(path):
    key = InstallKey.load_or_create(path)
    sealed = key.seal(b"4 Privet Drive")
    assert b"Privet" not in sealed and key.unseal(sealed) == b"4 Privet Drive"
    assert 57 <= len(key.seal(b"x" * 100)) - 100 <= 73
    for place in (0, 20, len(sealed) - 1):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        with pytest.raises(KeyFault):
            key.unseal(bytes(damaged))


def test_rotation_keeps_the_identity_and_reads_the_old(path):
    key = InstallKey.load_or_create(path)
    other = InstallKey(path)  # as another process has it
    before, identity, derived = key.seal(b"old"), key.identity, key.derive("p", b"m")
    key.add()
    assert (key.identity, key.derive("p", b"m")) == (identity, derived)
    assert key.unseal(before) == b"old"
    assert other.unseal(key.seal(b"new")) == b"new"  # noticed while running
    key.forget_old()
    with pytest.raises(KeyFault):
        key.unseal(before)


def test_derivations_are_separated_by_purpose(path):
    key = InstallKey.load_or_create(path)
    assert key.derive("a", b"bc") != key.derive("ab", b"c")


@pytest.mark.parametrize("text", ["", "identity x\n", "seal x\n", "identity " + "A" * 43 + "\n", "rubbish\n"])
def test_a_damaged_file_is_refused_with_a_mend(path, text):
    path.parent.mkdir()
    path.write_text(text)
    os.chmod(path, 0o600)
    with pytest.raises(KeyFault, match="restore"):
        InstallKey(path)


def test_a_file_others_may_read_is_refused(path):
    InstallKey.load_or_create(path)
    os.chmod(path, 0o644)
    with pytest.raises(KeyFault, match="chmod 600"):
        InstallKey(path)


def test_a_missing_file_is_refused(path):
    with pytest.raises(KeyFault, match="no install key"):
        InstallKey(path)
