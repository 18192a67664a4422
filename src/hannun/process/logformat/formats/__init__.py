"""One file per family of log formats."""
