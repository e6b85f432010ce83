"""Small files, small functions, telling names, and nothing of the machine it was written on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

LONGEST_FILE_LINES = 320
LONGEST_FUNCTION_LINES = 80
# "path/from/the/checkout.py:function" of each one that may be longer, with the reason beside it.
LONGER = {
    "hub/model/capability.py:_all": "a table: one row per capability",
    "hub/model/cause.py:_rows": "a table: one row per cause of a hold",
}

ROOMS_WITHOUT_A_NAME = {"utils", "util", "common", "lib", "libs", "helpers", "misc"}

# Written in two parts, so that this file does not contain what it looks for.
MACHINE_PATHS = ["/wo" + "rk/", "/tm" + "p/team", "/ro" + "ot/", "/ho" + "me/", "/opt/py" + "pi"]
REGISTRIES = [
    "py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "registry." + "yarnpkg", "deb." + "debian.org",
    "un" + "pkg.com", "js" + "delivr.net",
]  # fmt: skip


def functions(source: str) -> list[tuple[str, int]]:
    """(name, lines) of every function and method, counted from its `def` to its last line."""
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]


MIGRATIONS = "hub/store/migrations/versions/"  # generated, and never changed once released


def test_no_file_is_long(checkout: Path, sources: list[Path]) -> None:
    lengths = {
        file.relative_to(checkout): len(file.read_text(encoding="utf-8").splitlines())
        for file in sources
        if MIGRATIONS not in str(file)
    }
    assert not {str(file): lines for file, lines in lengths.items() if lines > LONGEST_FILE_LINES}


def test_no_function_is_long(checkout: Path, sources: list[Path]) -> None:
    long = {
        f"{file.relative_to(checkout)}:{name}": lines
        for file in sources
        if MIGRATIONS not in str(file)
        for name, lines in functions(file.read_text(encoding="utf-8"))
        if lines > LONGEST_FUNCTION_LINES
    }
    assert not {name: lines for name, lines in long.items() if name not in LONGER}
    assert not set(LONGER) - set(long), "an exception that is no longer needed"


def test_the_count_of_a_function_covers_its_body() -> None:
    assert functions("class A:\n    @cached\n    def f(self):\n        '''Why.'''\n        return 1\n") == [("f", 3)]


def test_every_room_says_what_is_in_it(checkout: Path, files: list[Path]) -> None:
    own = [file.relative_to(checkout) for file in files if "static" not in file.parts]
    assert not [str(file) for file in own if ROOMS_WITHOUT_A_NAME & {part.split(".")[0] for part in file.parts}]


def test_no_file_knows_the_machine_it_was_written_on(checkout: Path, files: list[Path]) -> None:
    found = {str(file.relative_to(checkout)): places for file in files if (places := foreign(readable(file)))}
    assert not found


def readable(file: Path) -> str:
    """The text of a file; an image or another binary has none."""
    raw = file.read_bytes()
    return "" if b"\0" in raw else raw.decode("utf-8", errors="replace")


def foreign(text: str) -> list[str]:
    """The machine paths (where a path begins) and registry hosts that `text` mentions."""
    paths = [path for path in MACHINE_PATHS if re.search(r"(?<![\w.})\]-])" + re.escape(path), text)]
    return paths + [host for host in REGISTRIES if host in text]


def test_a_planted_mention_is_found() -> None:
    assert foreign("see /wo" + "rk/main") == ["/wo" + "rk/"]
    assert foreign("--index-url https://py" + "pi.org/simple") == ["py" + "pi.org"]
    assert foreign("https://shop.example/home/page and docs/work/x") == []
