"""LogQL: text -> nodes -> SQL and line stages -> columns -> answer. Facts: Loki 3.x (grammar, semantics, words)."""
