"""A console over an installation with the invented orders; its clock stands still."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from hub.assembly.home import Home
from hub.assembly.hub import Hub, open_hub
from hub.model.account import Role
from hub.server.app import create_app
from hub.vault import login
from tests.unit.cli.installed import SECRET, installation
from tests.unit.server.browser import PASSWORD, Browser
from tests.unit.store.hand import NOW


@pytest.fixture(scope="package")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An installation with one user of each role; to be copied, not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*SECRET)
        home = installation(tmp_path_factory.mktemp("prepared"))
        hub = open_hub(home.folder, threaded=False, clock=lambda: NOW)
        hashed = login.hash_password(PASSWORD)
        for role in reversed(Role):
            hub.desk.accounts.add_user(role.value, role, hashed, "test", NOW)
        hub.close()
    return home


@pytest.fixture
def hub(prepared: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv(*SECRET)
    folder = tmp_path / "hub"
    shutil.copytree(prepared.folder, folder)
    opened = open_hub(folder, threaded=False, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def app(hub: Hub) -> Flask:
    return create_app(hub.desk)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Nobody is signed in."""
    return Browser(app)


@pytest.fixture
def viewer(app: Flask) -> Browser:
    return Browser(app).sign_in(Role.VIEWER)


@pytest.fixture
def operator(app: Flask) -> Browser:
    return Browser(app).sign_in(Role.OPERATOR)


@pytest.fixture
def approver(app: Flask) -> Browser:
    return Browser(app).sign_in(Role.APPROVER)
