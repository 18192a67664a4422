"""Words of a foreign YAML file -> values, as Go's YAML decoder and Prometheus's own types read them.

Each reader raises BadValue in both languages. Where Prometheus has words for a mistake the English text holds them,
because people search for those.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from urllib.parse import urlsplit

from hannun.config.complaint import quote
from hannun.config.values import BadValue
from hannun.config.yaml import Scalar
from hannun.model.time import parse_duration_ms

PATTERN_MAX = 65_536
"""Letters of one regular expression: far beyond what people write, far below what RE2 takes seconds for."""
UINT_MAX = 2**64 - 1
INT_MAX = 2**63 - 1
_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"))
_WHOLE = re.compile(r"[-+]?(?:0x[0-9a-fA-F]{1,16}|0b[01]{1,64}|0o?[0-7]{1,22}|[0-9]{1,20})")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,3})?")
_SIZE_PART = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
_SIZES = tuple(
    (re.compile(rf"(?:{_SIZE_PART}(?:[KMGTPE]{suffix}|B))+"), re.compile(rf"({_SIZE_PART})([KMGTPE]?){suffix_or_b}"))
    for suffix, suffix_or_b in (("iB", "(?:iB|B)"), ("B", "B"))
)
_GO_UNIT_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3, "h": 3600e3}
_GO_PART = re.compile(r"(\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_GO_DURATION = re.compile(rf"[-+]?(?:{_GO_PART.pattern})+", re.ASCII)
_POWER = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_LEGACY_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_LEGACY_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_TEMPLATED_LABEL = re.compile(r"(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


def flag(node: Scalar) -> bool:
    """YAML 1.1's yes and no, unquoted: Prometheus's decoder refuses `"true"`."""
    if node.plain and node.text in _TRUE:
        return True
    if node.plain and node.text in _FALSE:
        return False
    said = quote(node.text)
    hint = ("; write it without quotes", ". 따옴표 없이 적어 주세요") if node.text in _TRUE | _FALSE else ("", "")
    raise BadValue(f"{said} is neither true nor false{hint[0]}", f"{said}: true나 false가 아닙니다{hint[1]}")


def whole(node: Scalar, *, least: int = 0, most: int = UINT_MAX) -> int:
    """A whole number as Go's decoder takes it: `1_000`, `0x10` and `1e3` too."""
    words = node.text.replace("_", "")
    said = quote(node.text)
    if not node.plain:
        raise BadValue(f"{said} is no number; write it without quotes", f"{said}: 따옴표 없이 숫자로 적어 주세요")
    if _WHOLE.fullmatch(words):
        sign, digits = (-1, words[1:]) if words.startswith("-") else (1, words.lstrip("+"))
        octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        value = sign * (
            int(digits, 8) if octal and not set(digits) & set("89") else int(digits, 0 if not octal else 10)
        )
    elif _NUMBER.fullmatch(words) and math.isfinite(float(words)):
        value = int(float(words))
    else:
        raise BadValue(f"{said} is no whole number", f"{said}: 정수가 아닙니다")
    if not least <= value <= most:
        if value < least == 0:
            raise BadValue(f"{said} is below 0", f"{said}: 0보다 작을 수 없습니다")
        raise BadValue(f"{said} is not from {least} to {most}", f"{said}: {least}에서 {most} 사이여야 합니다")
    return value


def number(node: Scalar) -> float:
    words = node.text.replace("_", "")
    if not node.plain or not _NUMBER.fullmatch(words) or not math.isfinite(float(words)):
        raise BadValue(f"{quote(node.text)} is no number", f"{quote(node.text)}: 숫자가 아닙니다")
    return float(words)


def duration(words: str) -> int:
    """`1h30m` -> ms."""
    try:
        return parse_duration_ms(words)
    except ValueError as err:
        said = quote(words)
        if words.isascii() and words.isdigit() and len(words) < 10:
            raise BadValue(
                f"not a valid duration string: {said}; write {words}s",
                f"{said}: 단위가 없습니다. {words}s처럼 적어 주세요",
            ) from None
        raise BadValue(
            str(err)[:200] if words else "empty duration string", f"{said}: 기간은 30s, 5m, 1h30m처럼 적어 주세요"
        ) from None


def go_duration(words: str) -> int:
    """`1.5s`, `1m30s`, `500ms` -> ms, as Go's time.ParseDuration: no days, fractions allowed."""
    if words in ("0", "+0", "-0"):
        return 0
    if _GO_DURATION.fullmatch(words):
        total = sum(float(amount) * _GO_UNIT_MS[unit] for amount, unit in _GO_PART.findall(words))
        if total < 2**63 / 1e6:
            return -round(total) if words.startswith("-") else round(total)
    said = quote(words)
    raise BadValue(
        f"time: invalid duration {said}; write 5s, 500ms or 1m30s",
        f"{said}: 시간은 5s, 500ms, 1m30s처럼 적어 주세요",
    )


def size(words: str) -> int:
    """`10MB`, `10MiB`, `1GB512MB`: powers of 1024, a unit is needed. `0` is 0."""
    if words == "0":
        return 0
    for whole_form, part in _SIZES:
        if whole_form.fullmatch(words):
            total = 0
            for amount, power in part.findall(words):
                integer, _, fraction = amount.partition(".")
                factor = 1024 ** _POWER[power]
                total += int(integer) * factor + int(fraction or "0") * factor // 10 ** len(fraction)
            if total > INT_MAX:
                break
            return total
    said = quote(words)
    if words.isascii() and words.isdigit():
        raise BadValue(
            f"units: missing unit in {said}; write {words[:20]}B or 10MB",
            f"{said}: 단위가 없습니다. 10MB처럼 적어 주세요",
        )
    raise BadValue(
        f"{said} is not a size; write 10MB, 512KB or 1GB", f"{said}: 크기는 10MB, 512KB, 1GB처럼 적어 주세요"
    )


def url(words: str) -> str:
    """A URL as Go's `url.Parse` lets it pass: nearly anything but control characters and broken hosts."""
    said = quote(words)
    why = ""
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in words):
        why = "invalid control character in URL"
    elif words.startswith(":"):
        why = "missing protocol scheme"
    elif _BAD_ESCAPE.search(words.partition("?")[0]):
        why = "invalid URL escape"
    elif ":" in re.split(r"[/?#]", words, maxsplit=1)[0] and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", words):
        why = "first path segment in URL cannot contain colon"
    else:
        why = _wrong_host(words)
    if why:
        raise BadValue(f"parse {said}: {why}", f"{said}: 주소로 읽을 수 없습니다({why})")
    return words


def _wrong_host(words: str) -> str:
    try:
        host = urlsplit(words).netloc.rpartition("@")[2]
    except ValueError:
        return "invalid host"
    if " " in host:
        return 'invalid character " " in host name'
    # Go wants digits and does not count them.
    port = host.rpartition("]")[2].removeprefix(":") if host.startswith("[") else host.rpartition(":")[2]
    is_port = port.isascii() and port.isdigit()
    return f"invalid port {quote(port)} after host" if ":" in host and port and not is_port else ""


def redacted(address: str) -> str:
    """The URL with its password as `xxxxx`, as Prometheus shows it."""
    return re.sub(r"^([^/?#]*//[^/?#@:]*):[^/?#]*@", r"\1:xxxxx@", address)


@lru_cache(maxsize=1024)
def _complaint_of(pattern: str) -> str:
    import re2  # 15 ms that only a file with patterns should cost

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as err:
        return str(err.args[0].decode("utf-8", "replace") if isinstance(err.args[0], bytes) else err.args[0])[:200]
    return ""


def regex(words: str) -> str:
    """RE2, tried out in the form that Prometheus compiles: anchored at both ends."""
    return _regex(words, f"^(?s:{words})$")


def loose_regex(words: str) -> str:
    """RE2, as blackbox_exporter uses it: found anywhere."""
    return _regex(words, words)


def _regex(words: str, compiled: str) -> str:
    if len(words) > PATTERN_MAX:
        why = f"longer than {PATTERN_MAX} characters"
    elif "\\C" in words.replace("\\\\", ""):
        why = "invalid escape sequence: `\\C`"  # RE2 in C++ takes it, Go never did
    else:
        why = _complaint_of(compiled)
    if why:
        said = quote(words)
        raise BadValue(f"error parsing regexp {said}: {why}", f"{said}: 정규식(RE2)으로 읽을 수 없습니다: {why}")
    return words


def is_label(name: str, *, legacy: bool = False) -> bool:
    """Prometheus 3: any text that is not empty. `legacy`: letters, digits and `_`."""
    return bool(_LEGACY_LABEL.fullmatch(name)) if legacy else name != ""


def is_label_template(name: str, *, legacy: bool = False) -> bool:
    """A label name in which `$1` and `${name}` may stand."""
    return bool(_TEMPLATED_LABEL.fullmatch(name)) if legacy else name != ""


def is_metric(name: str, *, legacy: bool = False) -> bool:
    return bool(_LEGACY_METRIC.fullmatch(name)) if legacy else name != ""
