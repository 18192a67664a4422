"""What a template does wrong, in Go's own words, because users search the web for them."""

from __future__ import annotations

from hannun.model.errors import HannunError


class TemplateError(HannunError):
    """A template that does not parse, or that fails or goes beyond a bound while it runs.

    `str` is Go's text: `template: x:1:3: executing "x" at <.y>: …`.
    """


class FunctionError(ValueError):
    """A function's own complaint; the template says where it was called."""


class BoundError(TemplateError):
    """A template that would run too long or write too much."""
