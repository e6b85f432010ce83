"""EasyPost: addresses, shipments made and then bought, labels refunded, trackers; no idempotency key anywhere."""

from __future__ import annotations
