"""The functions that every Go template has: comparisons, indexing, printing, escaping.

`and` and `or` are not here: they stop at the first argument that decides, so the evaluator knows them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.printf import sprintf
from hannun.gotemplate.printing import show, sprint, sprintln
from hannun.gotemplate.values import ANY, MISSING, Duration, Function, StringMap, is_true, plain, type_name

_BAD_TYPE = "invalid type for comparison"
_INCOMPATIBLE = "incompatible types for comparison"


def _kind(value: Any) -> str:
    """Go's basic kind; "" for what cannot be compared by order."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
        case _:
            return ""


def eq(first: Any, *others: Any) -> bool:
    """`first` equals any of the others."""
    if not others:
        raise FunctionError("missing argument for comparison")
    left = plain(first)
    left = None if left is MISSING else left
    for other in others:
        right = plain(other)
        right = None if right is MISSING else right
        left_kind, right_kind = _kind(left), _kind(right)
        if left_kind != right_kind:
            if left is None or right is None:
                continue
            if left_kind and right_kind:
                raise FunctionError(_INCOMPATIBLE)
            raise FunctionError(_INCOMPATIBLE if left_kind or right_kind else _BAD_TYPE)
        if isinstance(left, (dict, list, tuple)) or isinstance(right, (dict, list, tuple)):
            raise FunctionError(f"non-comparable type {show(left)}: {type_name(left)}")
        if left == right:
            return True
    return False


def ne(first: Any, second: Any) -> bool:
    return not eq(first, second)


def lt(first: Any, second: Any) -> bool:
    left, right = plain(first), plain(second)
    left_kind, right_kind = _kind(left), _kind(right)
    if not left_kind or not right_kind:
        raise FunctionError(_BAD_TYPE)
    if left_kind != right_kind:
        raise FunctionError(_INCOMPATIBLE)
    if left_kind == "bool":
        raise FunctionError(_BAD_TYPE)
    return bool(left < right)


def le(first: Any, second: Any) -> bool:
    return lt(first, second) or eq(first, second)


def gt(first: Any, second: Any) -> bool:
    return not le(first, second)


def ge(first: Any, second: Any) -> bool:
    return not lt(first, second)


def negate(value: Any) -> bool:
    return not is_true(value)


def length(item: Any) -> int:
    value = plain(item)
    if value is None or value is MISSING:
        raise FunctionError("len of nil pointer")
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, (list, tuple, dict)):
        return len(value)
    raise FunctionError(f"len of type {type_name(value)}")


def index(item: Any, *keys: Any) -> Any:
    """`index x 1 "a"` is `x[1]["a"]`; what a map does not hold is the zero of its values."""
    value = plain(item)
    if value is None or value is MISSING:
        raise FunctionError("index of untyped nil")
    for key in keys:
        key = plain(key)
        if isinstance(value, dict):
            if not isinstance(key, str):
                if key is None or key is MISSING:
                    raise FunctionError("value is nil; should be of type string")
                raise FunctionError(f"value has type {type_name(key)}; should be string")
            value = value.get(key, "" if isinstance(value, StringMap) else None)
        elif isinstance(value, (str, list, tuple)):
            place = _place(key)
            data: Any = value.encode("utf-8", "replace") if isinstance(value, str) else value
            if not 0 <= place < len(data):
                raise FunctionError(f"index out of range: {place}")
            value = data[place]
        elif value is None:
            raise FunctionError("index of nil pointer")
        else:
            raise FunctionError(f"can't index item of type {type_name(value)}")
        value = plain(value)
    return value


def slice_(item: Any, *places: Any) -> Any:
    """`slice x 1 2` is `x[1:2]`, counted in bytes for a text."""
    value = plain(item)
    if value is None or value is MISSING:
        raise FunctionError("slice of untyped nil")
    if len(places) > 3:
        raise FunctionError(f"too many slice indexes: {len(places)}")
    if not isinstance(value, (str, list, tuple)):
        raise FunctionError(f"can't slice item of type {type_name(value)}")
    if isinstance(value, str) and len(places) == 3:
        raise FunctionError("cannot 3-index slice a string")
    data: Any = value.encode("utf-8", "replace") if isinstance(value, str) else value
    bounds = [0, len(data)]
    for position, place in enumerate(places[:2]):
        bounds[position] = _place(plain(place))
        if not 0 <= bounds[position] <= len(data):
            raise FunctionError(f"index out of range: {bounds[position]}")
    if bounds[0] > bounds[1]:
        raise FunctionError(f"invalid slice index: {bounds[0]} > {bounds[1]}")
    part = data[bounds[0] : bounds[1]]
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else part


def _place(key: Any) -> int:
    if key is None or key is MISSING:
        raise FunctionError("cannot index slice/array with nil")
    if not isinstance(key, int) or isinstance(key, (bool, Duration)):
        raise FunctionError(f"cannot index slice/array with type {type_name(key)}")
    return key


def printed(*values: Any) -> str:
    return sprint(values)


def printed_line(*values: Any) -> str:
    return sprintln(values)


def formatted(form: str, *values: Any) -> str:
    return sprintf(form, values)


def as_text(values: tuple[Any, ...]) -> str:
    """As an action would print them: nothing is `<no value>` there."""
    if len(values) == 1:
        value = plain(values[0])
        return value if isinstance(value, str) else "<no value>" if value is MISSING or value is None else show(value)
    return sprint(values)


_HTML = str.maketrans({'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def html(*values: Any) -> str:
    text = as_text(values)
    check_length(len(text) * 5)
    return text.translate(_HTML)


def js(*values: Any) -> str:
    text = as_text(values)
    check_length(len(text) * 6)
    return "".join(
        _JS.get(letter)
        or (letter if letter.isprintable() or letter == "\u00a0" else f"\\u{min(ord(letter), 0xFFFF):04X}")
        for letter in text
    )


def urlquery(*values: Any) -> str:
    return quote_plus(as_text(values), safe="-_.~", errors="replace")


BUILTINS: dict[str, Function] = {
    "eq": Function(eq, (ANY, ANY), variadic=True),
    "ne": Function(ne, (ANY, ANY)),
    "lt": Function(lt, (ANY, ANY)),
    "le": Function(le, (ANY, ANY)),
    "gt": Function(gt, (ANY, ANY)),
    "ge": Function(ge, (ANY, ANY)),
    "not": Function(negate, (ANY,)),
    "len": Function(length, (ANY,)),
    "index": Function(index, (ANY, ANY), variadic=True),
    "slice": Function(slice_, (ANY, ANY), variadic=True),
    "print": Function(printed, (ANY,), variadic=True),
    "println": Function(printed_line, (ANY,), variadic=True),
    "printf": Function(formatted, ("string", ANY), variadic=True),
    "html": Function(html, (ANY,), variadic=True),
    "js": Function(js, (ANY,), variadic=True),
    "urlquery": Function(urlquery, (ANY,), variadic=True),
}
LAZY = frozenset({"and", "or", "call"})
"""Known to the evaluator itself."""
NAMES = frozenset(BUILTINS) | LAZY
