"""Go's text/template in Python, for what Loki, Promtail and Alertmanager let their users write. Knows no room."""
