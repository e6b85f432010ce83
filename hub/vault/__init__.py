"""Secrets and what protects data at rest: the install's keys, the encrypted store, references to secrets."""
