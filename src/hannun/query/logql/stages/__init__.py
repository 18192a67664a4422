"""What LogQL does to one line: filters, parsers, formats. Pure; one file per kind of stage, found by the registry."""
