"""Connectors: a provider told by a manifest, and the engine that speaks for it."""
