"""The push side: one module per protocol. Each decodes, processes and hands to a sink, and answers in its protocol."""
