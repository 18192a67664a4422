"""One module per kind of item: payload in, values on the sheet."""
