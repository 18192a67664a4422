"""The pull side: what Hannun goes and gets itself. Writes through `model.ports` sinks, never into the store."""
