"""The command line. One file per command; a command's module is imported only when it is asked for.

`hannun version` and `--help` must feel instant, so nothing here or at the head of a command's module imports the
engine, numpy or an HTTP client: commands import what they need inside.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from hannun.cli.run import run


def main() -> NoReturn:
    """The `hannun` console script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal in another encoding shows a question mark rather than losing the whole message.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:], os.environ))
