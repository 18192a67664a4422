"""Functions beyond Go's own, by where they come from; `loki` and `promtail` are the sets that users know."""
