"""Frozen values and ports that every room shares. Nothing here does I/O."""
