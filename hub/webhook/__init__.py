"""The front door: verifies signed deliveries over their raw bytes and keeps them before it answers."""
