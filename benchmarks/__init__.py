"""The order benchmark: one and the same work, done by Crossdock, by what one writes by hand, and by others."""
