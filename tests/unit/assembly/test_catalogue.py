"""What is kept of the declarations that were read."""

from __future__ import annotations

import shutil
from pathlib import Path

from hub.assembly.catalogue import kept, read_all
from hub.assembly.shelf import Shelves
from hub.assembly.shipped import root
from hub.language.document import loads


def test_a_flow_is_kept_as_it_was_read_though_its_file_was_replaced_since(tmp_path: Path) -> None:
    """A run is pinned to its hash: another text under it would be followed by every process that has not read this."""
    shutil.copytree(root() / "config" / "flows", tmp_path / "flows")
    catalogue = read_all(Shelves(tmp_path))
    flow = tmp_path / "flows" / "fulfil-order.yaml"
    flow.write_text(flow.read_text("utf-8").replace("name: complete", "name: completed"), "utf-8")
    found = [one for one in kept(catalogue) if one.kind == "flow"]
    assert {one.name for one in found} >= {"fulfil-order", "cancel-order"}
    for one in found:
        assert loads(one.content(), one.name).hash == one.hash
