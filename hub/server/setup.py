"""The first user: no default password, but a token that works once and that only the installation's owner can read."""

from __future__ import annotations

from pathlib import Path

from hub.assembly.desk import Desk
from hub.vault import login
from hub.vault.files import replace_private

FILE = "setup-token"


def offer_setup(desk: Desk) -> str | None:
    """A fresh setup token to be shown to whoever starts the hub, None where there is a user already.

    It is left in `setup-token` beside the database too (mode 0600), for those who do not see what the hub prints. An
    earlier token no longer works.
    """
    token = login.new_token(login.SETUP_PREFIX)
    if not desk.accounts.expect_setup(login.digest(token)):
        forget_offer(desk.data)
        return None
    if desk.data is not None:
        replace_private(desk.data / FILE, f"{token}\n".encode())
    return token


def forget_offer(data: Path | None) -> None:
    if data is not None:
        (data / FILE).unlink(missing_ok=True)
