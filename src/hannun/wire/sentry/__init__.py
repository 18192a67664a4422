"""What Sentry's SDKs send: envelopes and their items, old event bodies, reports of browsers, keys and DSNs."""
