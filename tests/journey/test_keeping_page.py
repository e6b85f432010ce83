"""What docs/keeping.md says is given as it is written, in its order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from hub.assembly.hub import open_hub
from tests.unit.store.filled import fill

COMMAND = re.compile(r"^\$ crossdock (store .+)$", re.MULTILINE)
CROSSDOCK = [sys.executable, "-m", "hub.cli.main"]


def test_the_commands_of_the_page_do_what_it_says(checkout: Path, tmp_path: Path) -> None:
    page = (checkout / "docs" / "keeping.md").read_text(encoding="utf-8")
    home = tmp_path / "hub"
    subprocess.run([*CROSSDOCK, "init", home], check=True, capture_output=True)
    keep = "\n".join(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    config = home / "hub.yaml"
    config.write_text(re.sub(r"(?ms)^keep:\n(  .*\n)+", keep, config.read_text(encoding="utf-8")), encoding="utf-8")
    hub = open_hub(home)
    fill(hub.store)
    hub.close()
    given = COMMAND.findall(page)
    assert len(given) >= 5
    environment = {**os.environ, "CROSSDOCK_HOME": str(home), "PYTHONPATH": str(checkout)}
    for words in given:
        command = [*CROSSDOCK, *shlex.split(words)]
        told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert told.returncode == 0, f"crossdock {words}: {told.stdout}{told.stderr}"
    assert (tmp_path / "monday.db").exists()
    assert list((home / "backups").glob("replaced-*/crossdock.db"))
