"""The secret store and references to secrets."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from hub.vault.keys import InstallKey
from hub.vault.store import SecretFault, Vault

SECRET = "sk_test_correct horse battery staple"


@pytest.fixture
def key(tmp_path: Path) -> InstallKey:
    return InstallKey.load_or_create(tmp_path / "install.key")


@pytest.fixture
def vault(tmp_path: Path, key: InstallKey) -> Vault:
    return Vault(tmp_path / "secrets.json", key)


def test_a_secret_is_stored_encrypted_and_found_by_its_reference(vault, tmp_path):
    assert vault.put("stripe/key", SECRET) == "${secret:stripe/key}"
    assert vault.resolve("${secret:stripe/key}") == SECRET
    raw = (tmp_path / "secrets.json").read_bytes()
    assert b"horse" not in raw
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert vault.names() == ["stripe/key"]
    assert vault.delete("stripe/key") and not vault.delete("stripe/key")
    with pytest.raises(SecretFault, match="no secret named"):
        vault.resolve("${secret:stripe/key}")


def test_env_and_file_references(vault, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_KEY", SECRET)
    (tmp_path / "key.txt").write_text(SECRET + "\n")
    assert vault.resolve("${env:SHOP_KEY}") == SECRET
    assert vault.resolve(f"${{file:{tmp_path}/key.txt}}") == SECRET


@pytest.mark.parametrize(
    "reference", [SECRET, "${secret}", "x${env:A}", "${env:A}${env:B}", "${vault:x}", "$SHOP_KEY", ""]
)
def test_a_secret_in_clear_is_refused_and_not_repeated(vault, reference):
    with pytest.raises(SecretFault, match="by reference") as caught:
        vault.resolve(reference)
    assert "horse" not in str(caught.value)


def test_missing_and_empty_ones_are_refused(vault, tmp_path, monkeypatch):
    monkeypatch.delenv("NOPE", raising=False)
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "big").write_bytes(b"x" * 70_000)
    for reference in (
        "${env:NOPE}",
        "${env:EMPTY}",
        "${file:/nonexistent/x}",
        f"${{file:{tmp_path}/big}}",
        "${secret:x}",
    ):
        with pytest.raises(SecretFault):
            vault.resolve(reference)
    for name, value in (("Bad Name", "x"), ("../x", "x"), ("ok", ""), ("ok", "x" * 70_000)):
        with pytest.raises(SecretFault):
            vault.put(name, value)


def test_rotation_goes_on_under_readers(vault, key, tmp_path):
    vault.put("a", SECRET)
    reader = Vault(tmp_path / "secrets.json", InstallKey(tmp_path / "install.key"))
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                if reader.resolve("${secret:a}") != SECRET:
                    wrong.append("value")
            except Exception as error:
                wrong.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(5):
        vault.rotate()
    stop.set()
    thread.join()
    assert not wrong
    key.forget_old()
    assert reader.resolve("${secret:a}") == SECRET


def test_two_writers_lose_nothing(vault, tmp_path):
    other = Vault(tmp_path / "secrets.json", InstallKey(tmp_path / "install.key"))

    def write(store: Vault, prefix: str) -> None:
        for n in range(10):
            store.put(f"{prefix}{n}", "v")

    threads = [threading.Thread(target=write, args=(store, prefix)) for store, prefix in ((vault, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.names()) == 20


def test_a_damaged_store_is_refused(vault, tmp_path):
    (tmp_path / "secrets.json").write_text("{]")
    with pytest.raises(SecretFault, match="damaged"):
        vault.names()
