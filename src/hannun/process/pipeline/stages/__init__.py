"""One file per stage of Promtail; the registry finds them."""
