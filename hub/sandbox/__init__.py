"""A world to run against: storefronts, payments, a warehouse, a carrier and a mailbox, each with its own ledger."""

from __future__ import annotations
