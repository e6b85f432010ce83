"""Endpoints of connections: a rotated secret counts within a second, one that cannot be had verifies nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.assembly.doors import KEYS_LIVE_SECONDS, Door, Doors
from hub.vault.store import SecretFault
from hub.webhook.load import load_source
from hub.webhook.source import Source


class Secrets:
    """A store whose secrets a test changes, and a clock."""

    def __init__(self) -> None:
        self.values = {"a": "first", "b": "second"}
        self.now = 0.0
        self.asked = 0

    def resolve(self, reference: str) -> str:
        self.asked += 1
        if reference not in self.values:
            raise SecretFault(f"there is no secret {reference}")
        return self.values[reference]


@pytest.fixture(scope="module")
def source(checkout: Path) -> Source:
    return load_source(checkout / "webhooks" / "shopify.yaml")


def doors(source: Source, secrets: Secrets) -> Doors:
    door = Door("shop", source, ("a", "b"), {"shop_domain": "x"})
    return Doors({"shop": door}, secrets.resolve, lambda: secrets.now)


def test_all_active_secrets_are_keys_and_are_not_resolved_for_every_request(source: Source) -> None:
    secrets = Secrets()
    found = doors(source, secrets)
    for _ in range(10):
        endpoint = found.endpoint("shop")
        assert endpoint is not None
        assert endpoint.keys == (b"first", b"second")
    assert secrets.asked == 2
    assert found.endpoint("other") is None


def test_a_rotated_secret_counts_within_a_second(source: Source) -> None:
    secrets = Secrets()
    found = doors(source, secrets)
    found.endpoint("shop")
    secrets.values["a"] = "third"
    secrets.now += KEYS_LIVE_SECONDS
    endpoint = found.endpoint("shop")
    assert endpoint is not None
    assert endpoint.keys == (b"third", b"second")


def test_a_secret_that_cannot_be_had_verifies_nothing_and_the_others_go_on(source: Source) -> None:
    secrets = Secrets()
    found = doors(source, secrets)
    del secrets.values["a"]
    secrets.values["b"] = "second"
    endpoint = found.endpoint("shop")
    assert endpoint is not None
    assert endpoint.keys == (b"second",)
    secrets.values.clear()
    secrets.now += KEYS_LIVE_SECONDS
    endpoint = found.endpoint("shop")
    assert endpoint is not None
    assert endpoint.keys == ()  # which the front door answers 401 to everything


def test_other_connections_from_now_on(source: Source) -> None:
    found = doors(source, Secrets())
    assert found.endpoint("shop") is not None
    found.replace({})
    assert found.endpoint("shop") is None
