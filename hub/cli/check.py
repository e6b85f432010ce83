"""`crossdock check [PATH...]`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from hub.assembly.check import Examined, check_install, check_paths
from hub.assembly.home import find_home
from hub.cli import say


@click.command(
    "check",
    epilog="Examples: crossdock check · crossdock check connectors/acme mappings/acme-order.yaml",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@say.home_option
@say.json_option
def command(paths: tuple[Path, ...], home: Path | None, as_json: bool) -> None:
    """Say what is wrong in the declarations, where, and how to mend it.

    PATH is a file or a folder of connectors, webhooks, mappings, flows, or a hub.yaml. Their examples are run.
    Without a path, everything that the installation uses is examined, its secrets and letters included.

    Ends with 0 when nothing is wrong, 1 when something is.
    """
    found = check_paths(list(paths), home) if paths else check_install(find_home(home))
    problems = found.found()
    if as_json:
        checked = [{"kind": kind, "file": path} for kind, path in found.files]
        say.json_out({"ok": not problems, "checked": checked, "examples": found.examples, "problems": problems})
    else:
        say.problems(problems)
        _summary(found, len(problems))
    raise SystemExit(1 if problems else 0)


def _summary(found: Examined, problems: int) -> None:
    kinds = Counter(kind for kind, _ in found.files)
    what = ", ".join(say.count(number, kind) for kind, number in kinds.items())
    examples = f", {say.count(found.examples, 'example')} run" if found.examples else ""
    verdict = say.count(problems, "problem") if problems else "nothing is wrong"
    say.mark("fail" if problems else "ok", f"{what or 'nothing'}{examples}: {verdict}")
