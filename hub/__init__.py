"""Crossdock: carries an order from a storefront's webhook to the doorstep, once."""

from __future__ import annotations

__version__ = "0.1.0"
