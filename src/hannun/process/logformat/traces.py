"""Which lines belong to the one before them: stack traces of Python, Java, Node and Go."""

from __future__ import annotations

import re

_GOES_ON = re.compile(
    r"Caused by: |Suppressed: |\.\.\. [0-9]+ (?:more|common frames omitted)|Traceback \(most recent call last\):"
    r"|During handling of the above exception|The above exception was the direct cause|goroutine [0-9]+ \["
    r"|(?:[a-zA-Z_$][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable)(?::|\s|$)|\[cause\]: |exit status [0-9]+$"
)
_PYTHON_ERROR = re.compile(r"[A-Za-z_][\w.]*(?:: |$)")
_GO_FRAME = re.compile(r"(?:[\w./*()\[\]]+\(.*\)|created by .+)$")
_NONE, _FRAMES, _ERROR = range(3)
"""Of a traceback of Python: none, its frames, the error in its last line."""


class Trace:
    """What the lines since the last beginning have been, as far as it decides about the next one."""

    __slots__ = ("_blank", "_go", "_python")

    def __init__(self, first: str) -> None:
        self._python = _FRAMES if first.startswith("Traceback (") else _NONE
        self._go = first.startswith(("panic: ", "fatal error: "))
        self._blank = False

    def takes(self, line: str) -> bool:
        """Whether `line` goes on what is open; it is remembered if so."""
        if not line.strip():
            # Between two chained tracebacks, and in a panic of Go; elsewhere a blank line joins nothing.
            if self._python or self._go:
                self._blank = True
                return True
            return False
        blank, self._blank = self._blank, False
        if line[0] in " \t":
            return True
        if self._go and (line.startswith(("goroutine ", "[signal ")) or _GO_FRAME.match(line) is not None):
            return True
        if _GOES_ON.match(line) is not None:
            if line.startswith("Traceback ("):
                self._python = _FRAMES
            self._go = self._go or line.startswith("goroutine ")
            return True
        if self._python == _FRAMES and not blank and _PYTHON_ERROR.match(line) is not None:
            # The last line of a traceback stands at the margin: `ValueError: …`.
            self._python = _ERROR
            return True
        return False
