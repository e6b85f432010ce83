"""The hub over HTTP: how it is served, its API and its console."""
