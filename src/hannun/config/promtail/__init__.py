"""Promtail's configuration file as values: what it tails, listens to and does to lines on their way."""
