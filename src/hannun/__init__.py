"""Hannun (한눈): one process that watches a small team's services, hosts, logs, traces and errors."""

__version__ = "0.1.0"
