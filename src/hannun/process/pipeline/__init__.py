"""What happens to a log line between its file and the store: Promtail's pipeline stages. Pure; clocks are handed in."""
