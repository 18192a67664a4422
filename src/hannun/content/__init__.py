"""Data, no code: what Hannun comes with."""
