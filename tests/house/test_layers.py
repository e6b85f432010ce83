"""The floors of the house hold, and the reader that says so sees a forbidden import wherever it hides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.layers import ALLOWED, GROUND, violations


def plant(tree: Path, file: str, source: str) -> list[str]:
    """A tree with a permitted neighbourhood and one planted file; what the reader says of it."""
    harmless = {
        "hub/__init__.py": "__version__ = '1'\n",
        "hub/model/money.py": "import decimal\nimport pydantic\n",
        "hub/wire/call.py": "from hub.model import money\n",
        "hub/flow/worker.py": "from hub.model.money import Money\nfrom . import runner\nimport structlog\n",
        "hub/sandbox/world.py": "from hub.webhook import families\n",
        "hub/assembly/joined.py": "import hub.flow.worker\nfrom hub import __version__\n",
        "hub/cli/main.py": "def run():\n    from hub.assembly import joined\n",
        "connectors/acme/operations.py": "import acme_sdk\nfrom hub.model import money\nfrom hub.wire import call\n",
    }
    for name, text in {**harmless, file: source}.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return violations(tree)


def test_the_floors_of_this_checkout_hold(checkout: Path) -> None:
    assert not violations(checkout)


def test_every_room_of_this_checkout_stands_on_a_floor(checkout: Path) -> None:
    rooms = {file.relative_to(checkout / "hub").parts[0] for file in (checkout / "hub").rglob("*.py")}
    assert {room.removesuffix(".py") for room in rooms} <= set(ALLOWED)
    assert not (GROUND & ALLOWED["model"])


def test_what_the_floors_permit_is_not_reported(tmp_path: Path) -> None:
    assert plant(tmp_path, "hub/flow/more.py", "import json\n") == []


@pytest.mark.parametrize(
    ("file", "source", "said"),
    [
        ("hub/flow/bad.py", "import hub.store\n", "bad.py:1: hub.flow may not import hub.store"),
        ("hub/flow/bad.py", "import hub.store.books as b\n", "may not import hub.store.books"),
        ("hub/flow/bad.py", "from hub import store\n", "may not import hub.store"),
        ("hub/flow/bad.py", "from ..store import books\n", "may not import hub.store.books"),
        ("hub/flow/deep/bad.py", "from ...store.books import x\n", "may not import hub.store.books.x"),
        ("hub/flow/bad.py", "def f():\n    from hub.queue import local\n", "bad.py:2: hub.flow may not"),
        ("hub/flow/bad.py", "if TYPE_CHECKING:\n    from hub.notice import x\n", "bad.py:2: hub.flow may not"),
        ("hub/flow/bad.py", "import importlib\nimportlib.import_module('hub.store')\n", "bad.py:2: hub.flow may"),
        ("hub/flow/bad.py", "__import__('hub.assembly')\n", "may not import hub.assembly"),
        ("hub/flow/bad.py", "from hub.sandbox import world\n", "may not import hub.sandbox.world"),
        ("hub/sandbox/bad.py", "from hub.conformance import x\n", "may not import hub.conformance.x"),
        ("hub/model/bad.py", "from hub.language import problem\n", "hub.model may not import hub.language"),
        ("hub/model/bad.py", "import requests\n", "the standard library and pydantic alone"),
        ("hub/language/bad.py", "import hub.model\n", "hub.language may not import hub.model"),
        ("hub/vault/bad.py", "import hub.wire\n", "hub.vault may not import hub.wire"),
        ("hub/assembly/bad.py", "import hub.server\n", "hub.assembly may not import hub.server"),
        ("hub/cli/bad.py", "import hub.flow\n", "hub.cli may not import hub.flow"),
        ("hub/server/bad.py", "import hub.cli\n", "hub.server may not import hub.cli"),
        ("hub/flow/bad.py", "import connectors.acme.operations\n", "never imported"),
        ("hub/attic/bad.py", "import json\n", "hub/attic stands on no floor"),
        ("connectors/acme/bad.py", "from hub.store import books\n", "a hatch may import hub.model and hub.wire"),
        ("connectors/acme/operations.py", "import hub\n", "a hatch may import hub.model and hub.wire"),
        ("connectors/acme/operations.py", "from connectors.other import x\n", "a hatch may not import"),
        ("connectors/acme/operations.py", "from . import shared\n", "a hatch may not import"),
    ],
)
def test_a_planted_import_is_reported(tmp_path: Path, file: str, source: str, said: str) -> None:
    found = plant(tmp_path, file, source)
    assert len(found) == 1
    assert said in found[0]
