"""Who wakes workers where one process is not enough: RQ on Valkey or Redis. The database stays the truth."""
