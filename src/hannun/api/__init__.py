"""One module per product we speak for: read the parameters, ask the question, shape the answer."""
