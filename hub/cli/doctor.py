"""`crossdock doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.doctor import examine
from hub.assembly.finding import FAIL, WARN
from hub.assembly.home import find_home
from hub.cli import say


@click.command("doctor", epilog="Example: crossdock doctor --offline")
@click.option("--offline", is_flag=True, help="Ask no provider.")
@click.option("--thorough", is_flag=True, help="Read the whole database.")
@say.home_option
@say.json_option
def command(offline: bool, thorough: bool, home: Path | None, as_json: bool) -> None:
    """Examine clock, disk, database, install key, secrets, and every connection: credentials, scopes, API versions.

    Providers are asked questions only; nothing is changed. Ends with 0 when nothing is wrong, 1 when something is.
    """
    findings = []
    for finding in examine(find_home(home), online=not offline, thorough=thorough):
        findings.append(finding)
        if not as_json:
            say.mark(finding.state, f"{finding.subject}: {finding.says}", finding.mend)
    wrong = [finding for finding in findings if finding.state == FAIL]
    soon = [finding for finding in findings if finding.state == WARN]
    if as_json:
        say.json_out({"ok": not wrong, "findings": findings})
    elif wrong or soon:
        say.line()
        say.line(f"{say.count(len(wrong), 'thing')} wrong, {len(soon)} to look at.")
    raise SystemExit(1 if wrong else 0)
