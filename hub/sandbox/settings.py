"""How fast and how forgiving the world is. Spans are (shortest, longest), in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

Span = tuple[float, float]

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True)
class Settings:
    """The defaults are the providers' own; `Settings.hasty()` compresses days into seconds for a run people watch."""

    # Calls.
    hold_seconds: float = 70.0  # a time-out holds the socket for this long: beyond any caller's deadline
    retry_after_seconds: float = 2.0
    early_seconds: float = 2.0  # an answer comes so long after the webhooks about what it says
    redirects_to: tuple[str, ...] = ()  # further addresses that a redirect of level "torture" names
    clock: Callable[[], float] | None = None  # what a Retry-After that is a date is reckoned from
    stripe_key_seconds: float = DAY
    shopify_key_seconds: float = DAY
    shopify_token_seconds: float = DAY - 1
    shipbob_per_minute: int = 150
    shipbob_index_lag_seconds: float = 0.0  # a new order is not yet found by its reference for this long

    # What the warehouse, the carrier and the buyers do, counted from the event before.
    ships_after: Span = (2 * HOUR, DAY)
    parcels_apart: Span = (4 * HOUR, DAY)
    tracking_after: Span = (60.0, HOUR)  # where `order.shipped` came without tracking
    tracking_missing_share: float = 0.3
    delivered_after: Span = (DAY, 4 * DAY)
    handed_in_after: Span = (HOUR, DAY)  # the merchant brings a labelled parcel to the carrier
    label_refunded_after: Span = (DAY, 15 * DAY)
    patience_seconds: float = 2 * DAY  # the warehouse leaves orders alone that will be cancelled
    linger_seconds: float = DAY  # and takes its time with those whose address will be edited
    paid_after: Span = (DAY, 3 * DAY)
    edited_after: Span = (HOUR, 4 * HOUR)
    cancelled_after: Span = (HOUR, 4 * HOUR)
    refunded_after: Span = (DAY, 3 * DAY)  # after the last parcel left

    # Webhooks.
    webhook_latency: Span = (0.2, 5.0)
    webhook_late: Span = (HOUR, 20 * HOUR)
    webhook_reordered: Span = (10.0, 120.0)
    webhook_hour_late: Span = (HOUR, 2 * HOUR)
    shopify_retries: tuple[float, ...] = (60, 120, 300, 600, 1200, 2400, 3600, 6000)
    stripe_retries: tuple[float, ...] = (HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY)
    shipbob_retries: tuple[float, ...] = (5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
    easypost_retries: tuple[float, ...] = (60, 300, 900, HOUR, 4 * HOUR, 12 * HOUR)
    woocommerce_failures: int = 5  # more consecutive failures than this disable the webhook

    @classmethod
    def hasty(cls) -> Settings:
        """A fortnight in a minute, for a demonstration and for tests over sockets."""
        quick = (0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0)
        return cls(
            hold_seconds=2.0, retry_after_seconds=1.0, stripe_key_seconds=20.0, shopify_key_seconds=20.0,
            shopify_token_seconds=15.0, shipbob_per_minute=6000, shipbob_index_lag_seconds=0.2,
            ships_after=(0.6, 2.0), parcels_apart=(0.6, 1.5), tracking_after=(0.5, 1.5), delivered_after=(3.0, 6.0),
            handed_in_after=(1.0, 3.0), label_refunded_after=(1.0, 2.0), patience_seconds=600.0, linger_seconds=12.0,
            paid_after=(2.0, 6.0), edited_after=(1.0, 2.0), cancelled_after=(2.0, 4.0), refunded_after=(0.5, 2.0),
            webhook_latency=(0.01, 0.15), webhook_late=(2.0, 5.0), webhook_reordered=(0.3, 1.2),
            early_seconds=0.5, webhook_hour_late=(10.0, 40.0),
            shopify_retries=quick, stripe_retries=quick, shipbob_retries=quick[:7], easypost_retries=quick[:6],
            # Hours of orders pass while a hub restarts: five failures would be a matter of a second.
            woocommerce_failures=40,
        )  # fmt: skip

    @classmethod
    def tortured(cls) -> Settings:
        """Hasty, but with the room that real providers leave to a hub whose clock is wrong by minutes: keys live far
        longer than a clock can err, and webhooks are repeated for longer than a machine stands still."""
        long = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, *[30.0] * 6)
        return cls.hasty().but(
            retry_after_seconds=0.3, stripe_key_seconds=900.0, shopify_key_seconds=900.0,
            webhook_late=(2.0, 10.0), shopify_retries=long, stripe_retries=long, shipbob_retries=long,
            easypost_retries=long, woocommerce_failures=1_000_000,
        )  # fmt: skip

    def but(self, **changes: object) -> Settings:
        """The same world with some settings changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
