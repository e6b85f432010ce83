"""The declarations are found beside a checkout's package and inside an installed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.assembly import shipped


def shelves(folder: Path) -> Path:
    for shelf in shipped.Shelf:
        (folder / shelf.value).mkdir(parents=True)
    return folder


def test_this_checkout_has_every_shelf() -> None:
    assert shipped.folder(shipped.Shelf.CONNECTORS).name == "connectors"
    assert all((shipped.root() / shelf.value).is_dir() for shelf in shipped.Shelf)


def test_a_checkout_keeps_them_beside_the_package(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    shelves(tmp_path)
    assert shipped.root(tmp_path / "hub") == tmp_path


def test_a_wheel_keeps_them_inside_and_a_stranger_beside_it_is_ignored(tmp_path: Path) -> None:
    inside = shelves(tmp_path / "hub" / "_shipped")
    shelves(tmp_path)
    assert shipped.folder(shipped.Shelf.CONFIG, tmp_path / "hub") == inside / "config"


def test_a_missing_shelf_is_named(tmp_path: Path) -> None:
    shelves(tmp_path)
    (tmp_path / "mappings").rmdir()
    with pytest.raises(shipped.ShippedMissing, match="no mappings in"):
        shipped.root(tmp_path / "hub")
