"""One target under the coverage-guided fuzzer, in a process of its own: the fuzzer ends the process when it is done.

python -m tests.hostile.fuzz.child MODULE:NAME [OPTION OF LIBFUZZER]... [CORPUS]...
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main() -> None:
    atheris: Any = importlib.import_module("atheris")  # it publishes no annotations, and is not needed by the tests
    place, *options = sys.argv[1:]
    module, _, name = place.partition(":")
    with atheris.instrument_imports(include=["hub"]):
        target = getattr(importlib.import_module(module), name)
    target.all_seeds  # noqa: B018 - what is loaded once must not count as the time of the first input
    target.run(b"")
    atheris.Setup([sys.argv[0], *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
