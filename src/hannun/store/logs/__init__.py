"""Log lines in the engine."""
