"""Pure steps between decode and store."""
