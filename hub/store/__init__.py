"""Durable truth behind one set of moments."""
