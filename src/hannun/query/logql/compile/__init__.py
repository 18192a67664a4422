"""LogQL as SQL over the table `logs`, pure: nodes in, statements out.

A condition in SQL is true, false or *unsure* (`sure.py`): where SQL cannot say what Loki would, the row is handed to
the plain pipeline of `stages/`. So an answer is exact however little of a question SQL understands, and fast where it
understands it.
"""
