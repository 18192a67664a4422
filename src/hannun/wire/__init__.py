"""Bytes <-> model, pure: one module per format, no sockets, clock, database or logging.

A decoder makes one promise: any bytes give a model or a `WireError` (or `TooLarge`, naming its limit), never another
exception and never a hang. Each is fuzzed against it.
"""
