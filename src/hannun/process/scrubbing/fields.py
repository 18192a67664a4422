"""Which names of fields promise a secret, and which words in a value do."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

from hannun.model.project import ProjectOptions
from hannun.process.scrubbing.safe import selector_of

_ANYWHERE = (
    "password", "passwd", "passphrase", "secret", "api[-_]?key", "auth", "credentials?", "mysql_pwd", "private[-_]?key",
    "비밀번호", "주민등록번호", "주민번호",
)  # fmt: skip
_IN_KEYS = (
    *_ANYWHERE, "token", "set-cookie", "^pwd$", "^otp$", "^two[-_]factor$", "^(?:ssn|rrn|cvc|cvv)$", "^x[-_]csrf",
    "^csrf",
)  # fmt: skip
_IN_VALUES = (*_ANYWHERE, r"token\S{0,64}[:=]", "^otp$", "^two[-_]factor$")
COOKIES = frozenset({
    "sentrysid", "sudo", "su", "session", "__session", "sessionid", "user_session", "symfony", "phpsessid",
    "jsessionid", "connect.sid", "laravel_session", "fasthttpsessionid", "mysession", "irissessionid", "_vercel_jwt",
    "asp.net_sessionid", "csrf", "xsrf", "_xsrf", "_csrf", "csrf-token", "csrf_token", "csrftoken", "xsrf-token",
    "xsrf_token", "fastcsrf", "_iris_csrf",
})  # fmt: skip
"""Names under which frameworks keep a session; whoever has its value is that visitor."""

_BY_FORM = (
    r"-----begin|bearer[\s\\]|//[\w%.+~-]{0,128}:[^\s/@\"]{1,256}@|\d{3}-\d{2}-\d{4}|(?:\d[ -]?){13}|"
    r"(?-i:[A-Z]{2}\d{2}[A-Z0-9]{11})"
)
"""A superset of what `values.PARTS` finds, over JSON."""
_BY_ADDRESS = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9a-f]{0,4}:[0-9a-f]{0,4}:"
_SEEN_MAX = 20_000
FIELDS_MAX, FIELD_CHARACTERS_MAX = 500, 200
"""Of a project's own; `events/options.py` refuses more."""


class Fields:
    """The rules of one set of options, compiled. Projects with the same choices share one."""

    __slots__ = ("_keys", "_seen", "_values", "hot", "ips", "parts", "safe", "safe_places")

    def __init__(self, defaults: bool, ips: bool, sensitive: tuple[str, ...], safe: tuple[str, ...]) -> None:
        named = [field.strip().encode("utf-8", "replace").decode() for field in sensitive[:FIELDS_MAX] if field.strip()]
        own = tuple(re.escape(field[:FIELD_CHARACTERS_MAX]) for field in named)
        keys = (*(_IN_KEYS if defaults else ()), *own)
        values = (*(_IN_VALUES if defaults else ()), *own)
        self._keys = re.compile("|".join(keys), re.IGNORECASE) if keys else None
        self._values = _re2("|".join(values)) if values else None
        self._seen: dict[str, bool] = {}
        self.parts = defaults
        self.ips = ips
        self.safe = frozenset(field.strip().lower() for field in safe if field.strip())
        self.safe_places = selector_of(tuple(field.strip() for field in safe if field.strip()))
        """Of safe fields those that name a place, not only a field."""
        hot = [word.replace("^", "").replace("$", "") for word in keys]
        # In JSON a quote or a backslash stands behind another backslash.
        hot += [re.escape(orjson.dumps(field[:FIELD_CHARACTERS_MAX]).decode()[1:-1]) for field in named]
        if defaults:
            hot.append(_BY_FORM)
        if ips:
            hot.append(_BY_ADDRESS)
        self.hot = _re2("|".join(hot)) if hot else None
        """`search(bytes, from)` over JSON: what it does not match holds nothing to hide."""

    def sensitive(self, key: str) -> bool:
        """Whether what stands under `key` is to hide, by its name alone."""
        known = self._seen.get(key)
        if known is None:
            lowered = key.lower()
            known = self._keys is not None and lowered not in self.safe and self._keys.search(key) is not None
            if len(self._seen) < _SEEN_MAX:
                self._seen[key] = known
        return known

    def tells(self, text: str) -> bool:
        """Whether a value speaks of a secret, so that the whole of it is hidden."""
        return self._values is not None and self._values.search(text.encode("utf-8", "replace")) is not None


def fields_of(options: ProjectOptions) -> Fields | None:
    """None: nothing is to be scrubbed."""
    if not options.scrub_data or not (options.scrub_defaults or options.scrub_ips or any(options.sensitive_fields)):
        return None
    return _compiled(options.scrub_defaults, options.scrub_ips, options.sensitive_fields, options.safe_fields)


@lru_cache(maxsize=64)
def _compiled(defaults: bool, ips: bool, sensitive: tuple[str, ...], safe: tuple[str, ...]) -> Fields:
    return Fields(defaults, ips, sensitive, safe)


def _re2(pattern: str) -> Any:
    import re2  # 15 ms that a program without events should not pay

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = 8 << 20
    return re2.compile(pattern.encode(), options)
