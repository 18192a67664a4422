"""Cron monitors: when a job is due, and what its failure looks like as an event. Pure."""
