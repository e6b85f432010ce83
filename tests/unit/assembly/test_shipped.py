"""The declarations are found beside a checkout's package and inside an installed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.assembly import shipped
from hub.language import document


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


@pytest.mark.parametrize("shelf", shipped.Shelf)
def test_what_is_shipped_is_read_by_the_fast_parser(shelf: shipped.Shelf) -> None:
    """The careful one is many times slower, and every start and every command would wait for it. What a file needs
    is a quote around a value between braces that has a colon in it."""
    files = sorted(shipped.folder(shelf).rglob("*.yaml"))
    assert files
    assert [str(file) for file in files if document._quickly(file.read_text("utf-8"), str(file)) is None] == []
