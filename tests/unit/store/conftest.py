"""The filled store, once: what is only read may be shared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store.moments import SqlStore
from hub.store.views import Views
from tests.unit.store.filled import fill
from tests.unit.store.hand import empty_store


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    store = empty_store(tmp_path_factory.mktemp("filled") / "hub.db")
    fill(store)
    yield store
    store.close()


@pytest.fixture(scope="package")
def views(filled: SqlStore) -> Views:
    return Views(filled.readers)
