"""The manual of the language is made from the language itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hub.language.functions import FunctionSet, choice, collection, moment, number, place, text
from hub.language.functions import money as money_functions
from hub.language.functions.registry import Function
from hub.model.money import exponent

OPENING = "<!-- made from the functions by tests/unit/language/test_manual.py -->\n"
CLOSING = "<!-- end -->\n"

ROOMS: dict[str, tuple[Function, ...]] = {
    "Choices": choice.FUNCTIONS,
    "Numbers": number.FUNCTIONS,
    "Money": money_functions.functions(exponent),
    "Texts": text.FUNCTIONS,
    "Lists and mappings": collection.FUNCTIONS,
    "Dates": moment.FUNCTIONS,
    "Places": place.FUNCTIONS,
}


def table() -> str:
    made = ""
    for title, functions in ROOMS.items():
        rows = "".join(f"| `{function.usage}` | {function.about} |\n" for function in functions)
        made += f"\n### {title}\n\n| Function | |\n|---|---|\n{rows}"
    return f"{made}\n"


def test_every_function_stands_in_the_manual(checkout: Path, functions: FunctionSet) -> None:
    path = checkout / "docs/expressions.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(OPENING)
    found, _, after = rest.partition(CLOSING)
    if os.environ.get("CROSSDOCK_WRITE_DOCS"):
        path.write_text(before + OPENING + table() + CLOSING + after, encoding="utf-8")
        return
    assert found == table(), "run this test with CROSSDOCK_WRITE_DOCS=1"
    assert set(re.findall(r"^\| `(\w+)\(", found, re.MULTILINE)) == functions.names()
