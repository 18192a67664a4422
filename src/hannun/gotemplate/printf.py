"""Go's `fmt.Sprintf`: verbs, flags, widths, argument indexes, and the `%!d(string=x)` of a verb that does not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.go_numbers import go_quote
from hannun.gotemplate.go_time import GoTime
from hannun.gotemplate.printing import decompose, shortest, show
from hannun.gotemplate.values import MISSING, Object, plain, type_name

_VERB = re.compile(
    r"%(?P<flags>[-+# 0]*)(?:\[(?P<width_at>[^\]]*)\])?(?P<width>\*|[0-9]+)?"
    r"(?:(?P<dot>\.)(?:\[(?P<precision_at>[^\]]*)\])?(?P<precision>\*|[0-9]+)?)?(?:\[(?P<at>[^\]]*)\])?(?P<verb>.?)",
    re.DOTALL,
)
_WIDTH_MAX = 1_000_000
_NESTING_MAX = 200


@dataclass(frozen=True, slots=True)
class _Spec:
    verb: str
    minus: bool
    plus: bool
    sharp: bool
    space: bool
    zero: bool
    width: int | None
    precision: int | None


def sprintf(form: str, args: Sequence[Any]) -> str:
    """Raises FunctionError for a result beyond the bound; whatever else is wrong stands in the result, as in Go."""
    pieces: list[str] = []
    at, position, reordered, length = 0, 0, False, 0

    def take() -> Any:
        nonlocal position
        position += 1
        return args[position - 1] if position <= len(args) else MISSING

    for found in _VERB.finditer(form):
        pieces.append(form[at : found.start()])
        at = found.end()
        bad: str = ""
        for group in ("width_at", "at"):
            index = found[group]
            if index is not None:
                reordered = True
                if index.isdecimal() and 0 < int(index[:9]) <= len(args):
                    position = int(index[:9]) - 1
                else:
                    bad = "BADINDEX"
        minus = "-" in found["flags"]
        width, precision = None, None
        if found["width"] == "*":
            given = take()
            if isinstance(given, int) and abs(given) <= _WIDTH_MAX:
                width, minus = abs(given), minus or given < 0
            else:
                pieces.append("%!(BADWIDTH)")
        elif found["width"] is not None:
            width = int(found["width"][:9])
        if found["dot"] is not None:
            precision = 0
            if found["precision"] == "*":
                given = take()
                if isinstance(given, int) and 0 <= given <= _WIDTH_MAX:
                    precision = given
                else:
                    precision = None
                    pieces.append("%!(BADPREC)")
            elif found["precision"] is not None:
                precision = int(found["precision"][:9])
        if (width or 0) > _WIDTH_MAX:
            width = None
            pieces.append("%!(BADWIDTH)")
        if (precision or 0) > _WIDTH_MAX:
            precision = None
            pieces.append("%!(BADPREC)")
        verb = found["verb"]
        if not verb:
            pieces.append("%!(NOVERB)")
            break
        if verb == "%":
            pieces.append("%")
            continue
        if bad:
            pieces.append(f"%!{verb}({bad})")
            continue
        if position >= len(args):
            pieces.append(f"%!{verb}(MISSING)")
            continue
        flags = found["flags"]
        spec = _Spec(
            verb, minus, "+" in flags, "#" in flags, " " in flags, "0" in flags and not minus, width, precision
        )
        pieces.append(_format(take(), spec))
        length += len(pieces[-1])
        check_length(length)
    pieces.append(form[at:])
    if not reordered and position < len(args):
        extra = ", ".join(
            "<nil>" if value is None or value is MISSING else f"{type_name(value)}={show(value)}"
            for value in args[position:]
        )
        pieces.append(f"%!(EXTRA {extra})")
    return "".join(pieces)


def _format(value: Any, spec: _Spec, depth: int = 0) -> str:
    value = plain(value)
    if spec.verb == "T":
        return _pad(type_name(value), spec)
    if value is None or value is MISSING:
        return _pad("<nil>", spec) if spec.verb == "v" else f"%!{spec.verb}(<nil>)"
    if isinstance(value, str):
        return _text(value, spec)
    if isinstance(value, bool):
        return _pad(show(value), spec) if spec.verb in "tv" else _bad(value, spec)
    if isinstance(value, int):
        shown = show(value)
        if shown != str(int(value)) and spec.verb in "vs":
            return _pad(shown, spec)
        return _integer(int(value), spec)
    if isinstance(value, float):
        return _float(value, spec)
    if depth > _NESTING_MAX:
        return "…"
    if isinstance(value, dict):
        pairs = sorted(value.items())
        opening, closing = (f"{type_name(value)}{{", "}") if spec.sharp and spec.verb == "v" else ("map[", "]")
        between = ", " if spec.sharp and spec.verb == "v" else " "
        inside = between.join(f"{_format(k, spec, depth + 1)}:{_format(v, spec, depth + 1)}" for k, v in pairs)
        return opening + inside + closing
    if isinstance(value, (list, tuple)):
        opening, closing = (f"{type_name(value)}{{", "}") if spec.sharp and spec.verb == "v" else ("[", "]")
        between = ", " if spec.sharp and spec.verb == "v" else " "
        return opening + between.join(_format(item, spec, depth + 1) for item in value) + closing
    if isinstance(value, (GoTime, Object)) and spec.verb in "sv":
        return _pad(show(value), spec)
    return _bad(value, spec)


def _text(value: str, spec: _Spec) -> str:
    if spec.precision is not None and spec.verb in "svq":
        value = value[: spec.precision]
    match spec.verb:
        case "v" if spec.sharp:
            return _pad(go_quote(value), spec)
        case "s" | "v":
            return _pad(value, spec)
        case "q":
            if spec.sharp and "`" not in value and all(letter.isprintable() or letter == "\t" for letter in value):
                return _pad(f"`{value}`", spec)
            return _pad(_ascii(go_quote(value)) if spec.plus else go_quote(value), spec)
        case "x" | "X":
            data = value.encode("utf-8", "replace")
            data = data if spec.precision is None else data[: spec.precision]
            prefix = "0x" if spec.sharp else ""
            shown = (" " + prefix if spec.space else "").join(f"{byte:02x}" for byte in data)
            shown = prefix + shown if shown else ""
            return _pad(shown.upper() if spec.verb == "X" else shown, spec)
        case _:
            return _bad(value, spec)


def _integer(value: int, spec: _Spec) -> str:
    match spec.verb:
        case "d" | "v":
            digits = str(abs(value))
        case "b":
            digits = ("0b" if spec.sharp else "") + f"{abs(value):b}"
        case "o":
            digits = ("0" if spec.sharp else "") + f"{abs(value):o}"
        case "O":
            digits = f"0o{abs(value):o}"
        case "x":
            digits = ("0x" if spec.sharp else "") + f"{abs(value):x}"
        case "X":
            digits = ("0X" if spec.sharp else "") + f"{abs(value):X}"
        case "c":
            return _pad(_letter(value), spec)
        case "q":
            return _pad("'" + go_quote(_letter(value))[1:-1].replace('\\"', '"').replace("'", "\\'") + "'", spec)
        case "U":
            shown = f"U+{abs(value):04X}" + (f" '{_letter(value)}'" if spec.sharp else "")
            return _pad(shown, spec)
        case "e" | "E" | "f" | "F" | "g" | "G" | "t" | "s" | _:
            return _bad(value, spec)
    if spec.precision is not None:
        digits = "" if spec.precision == 0 and value == 0 else digits.rjust(spec.precision, "0")
    return _signed(digits, value < 0, spec, zero=spec.zero and spec.precision is None)


def _float(value: float, spec: _Spec) -> str:
    verb, precision = spec.verb, spec.precision
    if verb not in "eEfFgGv":
        return _bad(value, spec)
    if not math.isfinite(value):
        shown = "NaN" if math.isnan(value) else "Inf"
        sign = "-" if value < 0 else "+" if spec.plus or not math.isnan(value) else ""
        return _pad(sign + shown, spec)
    size = abs(value)
    if verb in "fF":
        shown = f"{size:.{6 if precision is None else precision}f}"
    elif verb in "eE":
        shown = f"{size:.{6 if precision is None else precision}e}"
    elif precision is None:
        shown = shortest(size)
    else:
        shown = f"{size:.{precision or 1}g}"
        # Python writes 1e+06 for six digits where Go, which has no more digits to show, does, too.
        if "e" not in shown and len(decompose(size)[1]) > 0 and "." in shown:
            shown = shown.rstrip("0").rstrip(".")
    if verb in "EG":
        shown = shown.upper()
    return _signed(shown, math.copysign(1.0, value) < 0, spec, zero=spec.zero)


def _signed(digits: str, negative: bool, spec: _Spec, *, zero: bool) -> str:
    sign = "-" if negative else "+" if spec.plus else " " if spec.space else ""
    if zero and spec.width is not None:
        digits = digits.rjust(spec.width - len(sign), "0")
    return _pad(sign + digits, spec)


def _pad(text: str, spec: _Spec) -> str:
    if spec.width is None or len(text) >= spec.width:
        return text
    if spec.minus:
        return text.ljust(spec.width)
    return text.rjust(spec.width, "0" if spec.zero and spec.verb in "svqxX" else " ")


def _bad(value: Any, spec: _Spec) -> str:
    return f"%!{spec.verb}({type_name(value)}={show(value)})"


def _letter(code: int) -> str:
    return chr(code) if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def _ascii(quoted: str) -> str:
    return "".join(
        letter if letter.isascii() else f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"
        for letter in quoted
    )
