"""The filled store, once of each kind: what is only read may be shared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store.moments import SqlStore
from hub.store.views import Views
from tests.postgres import PostgresServer
from tests.stores import stores
from tests.unit.store.filled import fill


@pytest.fixture(scope="package")
def filled(database: PostgresServer | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    with stores(tmp_path_factory.mktemp("filled"), database) as make:
        store = make()
        fill(store)
        yield store


@pytest.fixture(scope="package")
def views(filled: SqlStore) -> Views:
    return Views(filled.readers)
