"""ShipBob: orders by a reference that is unique for ever, parcels over time, its own labels, Standard Webhooks."""

from __future__ import annotations
