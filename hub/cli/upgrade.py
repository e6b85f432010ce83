"""`crossdock upgrade`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hub.assembly.doctor import examine
from hub.assembly.finding import FAIL
from hub.assembly.home import find_home
from hub.assembly.upgrading import Upgraded, upgrade
from hub.cli import say


@click.command("upgrade", epilog="Example: crossdock upgrade (with the new version installed and the hub stopped)")
@click.option("--backup-only", is_flag=True, help="Back up, and change nothing.")
@click.option("--offline", is_flag=True, help="Let the doctor ask no provider.")
@say.home_option
@say.json_option
def command(backup_only: bool, offline: bool, home: Path | None, as_json: bool) -> None:
    """Back up the database, the install key, the secrets and hub.yaml; bring the database to this version; run doctor.

    Stop the hub first. The backup holds the install key: keep it as safe as the original. To go back, put the files
    where they were and install the earlier version.
    """
    folder = find_home(home)
    done = upgrade(folder, datetime.now(UTC), only_backup=backup_only)
    findings = [] if backup_only else list(examine(folder, online=not offline))
    wrong = [finding for finding in findings if finding.state == FAIL]
    if as_json:
        say.json_out(
            {"before": done.before, "now": done.now, "backup": done.backup, "files": done.files, "findings": findings}
        )
    else:
        _tell(done, backup_only)
        for finding in findings:
            say.mark(finding.state, f"{finding.subject}: {finding.says}", finding.mend)
    raise SystemExit(1 if wrong else 0)


def _tell(done: Upgraded, backup_only: bool) -> None:
    if done.backup is not None:
        say.mark("ok", f"backed up to {done.backup}: {', '.join(path.name for path in done.files)}")
    elif backup_only:
        say.mark("note", "there is no database yet, so nothing to back up")
    if not backup_only:
        same = done.before == done.now
        words = (
            f"the database is at {done.now}"
            if same
            else f"the database went from {done.before or 'nothing'} to {done.now}"
        )
        say.mark("ok", words)
