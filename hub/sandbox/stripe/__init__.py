"""Stripe as a payment provider: intents, refunds, idempotency keys with a life, signed events."""

from __future__ import annotations
