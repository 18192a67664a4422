"""Files that grow, read line by line into the log store: Promtail's job.

`kinds` says what a file is, `follow` reads one through rotations, `positions` remembers how far, `spool` holds what is
on its way, so that a line is neither lost nor stored twice whoever is killed.
"""
