"""The security patterns that come with Hannun: `content/security.yml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from hannun.config import yaml
from hannun.model.security import SecurityRule, SecurityRules
from hannun.model.text import Text


@cache
def shipped() -> SecurityRules:
    """The rules of this version; the file is part of the package, so it is right (a test reads all of it)."""
    text = files("hannun.content").joinpath("security.yml").read_text(encoding="utf-8")
    found: Any = yaml.to_python(yaml.load(text, "security.yml").root)
    return SecurityRules(
        kinds={kind: Text(en=said["en"], ko=said["ko"]) for kind, said in found["kinds"].items()},
        rules=tuple(
            SecurityRule(rule["kind"], tuple(str(piece) for piece in rule["any"]), rule.get("match", ""))
            for rule in found["rules"]
        ),
    )
