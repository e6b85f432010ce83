"""The process manager: what an order needs, in which order, exactly once."""
