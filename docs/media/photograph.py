"""Photographs the console of an installation that `crossdock demo --keep` left, by day and by night.

    $ .venv/bin/python docs/media/photograph.py KEPT/hub        # writes docs/media/needs-*.png and order-*.png

The order is one whose payment was captured although the first answer was lost.
"""
# ruff: noqa: INP001 - a script beside the pictures it makes

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from hub.assembly.demo import free_port
from hub.assembly.home import Home

HERE = Path(__file__).parent
SIZE = {"width": 1400, "height": 900}
NAME, PASSWORD = "nadia", "an invented password"


def at_rest(kept: Path, folder: Path) -> Home:
    """A copy in which the storefronts, which are gone, are not asked any more."""
    home = Home(Path(shutil.copytree(kept, folder / "hub")))
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text(text.replace("every_seconds: 3.0", "every_seconds: 86000.0"), encoding="utf-8")
    return home


def doubted(home: Home) -> str:
    """The path of an order whose capture was sent a second time under its key, and done."""
    found = sqlite3.connect(home.database).execute(
        "SELECT orders.connection, orders.source_id FROM steps JOIN orders ON orders.key = steps.order_key "
        "WHERE steps.capability = 'payment.capture' AND steps.state = 'done' AND steps.tries > 1 "
        "AND orders.state = 'completed' "
        "ORDER BY (SELECT count(*) FROM steps other WHERE other.order_key = orders.key AND other.state = 'done')"
    )
    row = found.fetchone()
    if row is None:
        raise SystemExit("no capture of this run was in doubt; try another seed")
    return f"/orders/{row[0]}/{row[1]}"


def enter(page: Page, address: str, token: str) -> None:
    """The first time with the setup token, later by name and password."""
    page.goto(address)
    if "/setup" in page.url:
        page.fill("input[name=token]", token)
    page.fill("input[name=name]", NAME)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.strong")
    page.wait_for_url(lambda url: "/setup" not in url and "/login" not in url)


def photograph(browser: Browser, address: str, order: str, home: Home) -> None:
    token = (home.data / "setup-token").read_text(encoding="utf-8").strip()
    for light in ("light", "dark"):
        page = browser.new_page(viewport=SIZE, color_scheme=light)  # type: ignore[arg-type]
        enter(page, address, token)
        for name, path in (("needs", "/"), ("order", order)):
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=HERE / f"{name}-{light}.png")


def main(kept: Path, chromium: str) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        home = at_rest(kept, Path(folder))
        order, port = doubted(home), free_port()
        words = ["-m", "hub.cli.main", "serve", "--home", str(home.folder), "--port", str(port)]
        hub = subprocess.Popen([sys.executable, *words])
        try:
            _wait(f"http://127.0.0.1:{port}/readyz")
            browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            photograph(browser, f"http://127.0.0.1:{port}", order, home)
            browser.close()
        finally:
            hub.terminate()
            hub.wait()


def _wait(address: str) -> None:
    for _ in range(100):
        try:
            urlopen(address, timeout=1).close()  # noqa: S310 - this machine's own hub
        except OSError:
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), shutil.which("chromium") or "chromium")
