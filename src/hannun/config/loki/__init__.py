"""Loki's configuration file, read for what it means to a server that keeps no chunks."""
