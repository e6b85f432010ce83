"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.postgres import PostgresServer, postgres_server
from tests.stores import KINDS, MakeStore, stores

CHECKOUT = Path(__file__).resolve().parent.parent

# No deadline per example: on a busy machine it measures the neighbours. The time-out per test stands.
hypothesis.settings.register_profile("crossdock", deadline=None, print_blob=True)
hypothesis.settings.load_profile("crossdock")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real payloads, recordings and signature vectors, which are not part of the project.

    They lie where CROSSDOCK_SHARED says, otherwise in `shared/` beside the checkout; without them the test is skipped.
    """
    named = os.environ.get("CROSSDOCK_SHARED")
    folder = Path(named) if named else CHECKOUT.parent / "shared"
    if not (folder / "payloads").is_dir():
        pytest.skip(f"needs real payloads: no folder 'payloads' in {folder} (set CROSSDOCK_SHARED to where they are)")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Of a PostgreSQL database that nobody used yet."""
    made = postgres.fresh()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="session", params=KINDS)
def database(request: pytest.FixtureRequest) -> PostgresServer | None:
    """Which database the test's stores are in: None for files. Whoever asks for it runs on both."""
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest.fixture
def make_store(database: PostgresServer | None, tmp_path: Path) -> Iterator[MakeStore]:
    with stores(tmp_path, database) as make:
        yield make


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A new folder with a short path: a Unix socket's path may have about 100 characters, tmp_path often has more."""
    folder = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
