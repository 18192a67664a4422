"""Alerts: rules, and what becomes of them."""
