"""Error events as SDKs send them -> the one form that is grouped, stored and shown. Pure."""
