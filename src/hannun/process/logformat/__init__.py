"""What a line of a tailed file is when nobody said: its format, its own time, and which lines belong together."""
