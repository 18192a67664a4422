"""Who may come in. Deciding is pure (policy, origin, proxy, credentials, throttle); `gate` asks the meta store."""
