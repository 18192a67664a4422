"""What is read out of log lines before they are stored, and in which form they are: pure, compiled, line by line.

`tidy` makes a column of valid UTF-8 out of bytes, `examine` finds severities, trace ids and what escapes say. `plain`
is the reference beside both.
"""

from hannun.process.logs.examine import FIELDS, Examined, examine
from hannun.process.logs.levels import NONE, Names, names
from hannun.process.logs.tidy import LINE_BYTES_MAX, Tidied, tidy
from hannun.process.logs.warming import warm

__all__ = ["FIELDS", "LINE_BYTES_MAX", "NONE", "Examined", "Names", "Tidied", "examine", "names", "tidy", "warm"]
