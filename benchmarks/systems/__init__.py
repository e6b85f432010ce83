"""What is compared: each system knows how it is installed, started, killed and started again."""
