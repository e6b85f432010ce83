"""Shopify: the Admin GraphQL API, its OAuth token, and signed webhooks in the REST shape."""

from __future__ import annotations
