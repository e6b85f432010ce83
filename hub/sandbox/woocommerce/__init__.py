"""WooCommerce: REST v3, the Stripe gateway and shipment tracking plugins, and webhooks that are never repeated."""

from __future__ import annotations
