"""sprig's defaults, lists, dictionaries and JSON."""

from __future__ import annotations

import json
from typing import Any

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.functions.registry import Set, into
from hannun.gotemplate.functions.texts import text_of
from hannun.gotemplate.values import ANY, MISSING, Object, is_true, plain, type_name

DATA: Set = {}
named = into(DATA)
LIST = "[]interface {}"
DICT = "map[string]interface {}"
ITEMS_MAX = 100_000


def _bounded(value: Any) -> Any:
    """`value`, unless it holds so much that printing it would be endless: lists of one list twice grow by doubling."""
    left, waiting = ITEMS_MAX, [value]
    while waiting:
        inner = plain(waiting.pop())
        if isinstance(inner, dict):
            inner = list(inner.values())
        if isinstance(inner, (list, tuple)):
            left -= len(inner)
            if left < 0:
                raise FunctionError(f"a value of more than {ITEMS_MAX} items")
            waiting.extend(inner)
    return value


def is_empty(value: Any) -> bool:
    return not is_true(value) and not (isinstance(value, Object) and value.value is None)


named("empty", ANY)(is_empty)


@named("default", ANY, ANY, variadic=True)
def default(fallback: Any, *given: Any) -> Any:
    return fallback if not given or is_empty(given[0]) else given[0]


@named("coalesce", ANY, variadic=True)
def coalesce(*values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


@named("ternary", ANY, ANY, "bool")
def ternary(true: Any, false: Any, condition: bool) -> Any:
    return true if condition else false


@named("fromJson", "string")
def from_json(text: str) -> Any:
    """What is no JSON is nil, as in sprig."""
    try:
        return json.loads(text, parse_int=float, parse_constant=_no_constant)
    except (ValueError, RecursionError, OverflowError):
        return None


def _no_constant(word: str) -> Any:
    raise ValueError(word)


@named("toJson", ANY)
def to_json(value: Any) -> str:
    return _json(value, None)


@named("toPrettyJson", ANY)
def to_pretty_json(value: Any) -> str:
    return _json(value, 2)


def _json(value: Any, indent: int | None) -> str:
    between = (",", ":") if indent is None else (",", ": ")
    try:
        text = json.dumps(
            _plain_json(value, 0),
            ensure_ascii=False,
            indent=indent,
            sort_keys=True,
            separators=between,
            allow_nan=False,
        )
    except (TypeError, ValueError, RecursionError):
        return ""
    # Go keeps HTML out of its JSON.
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _plain_json(value: Any, depth: int) -> Any:
    value = plain(value)
    if value is MISSING:
        return None
    if depth > 200:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return {str(name): _plain_json(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_json(item, depth + 1) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if isinstance(value, (str, bool, int, float, type(None))) else text_of(value)


@named("list", ANY, variadic=True)
def list_(*values: Any) -> list[Any]:
    made: list[Any] = _bounded(list(values))
    return made


@named("dict", ANY, variadic=True)
def dict_(*values: Any) -> dict[str, Any]:
    names, items = values[::2], values[1::2]
    made = dict(zip((text_of(name) for name in names), items, strict=False))
    if len(names) > len(items):
        made[text_of(names[-1])] = ""
    _bounded(made)
    return made


@named("get", DICT, "string")
def get(mapping: dict[str, Any], name: str) -> Any:
    return mapping.get(name, "")


@named("hasKey", DICT, "string")
def has_key(mapping: dict[str, Any], name: str) -> bool:
    return name in mapping


@named("keys", DICT)
def keys(mapping: dict[str, Any]) -> list[Any]:
    return sorted(mapping)


@named("values", DICT)
def values_(mapping: dict[str, Any]) -> list[Any]:
    return [mapping[name] for name in sorted(mapping)]


@named("first", LIST)
def first(items: list[Any]) -> Any:
    return items[0] if items else None


@named("last", LIST)
def last(items: list[Any]) -> Any:
    return items[-1] if items else None


@named("rest", LIST)
def rest(items: list[Any]) -> list[Any]:
    return list(items[1:])


@named("has", ANY, LIST)
def has(wanted: Any, items: list[Any]) -> bool:
    return any(type_name(item) == type_name(wanted) and item == wanted for item in items if _is_scalar(item))


@named("uniq", LIST)
def uniq(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not _is_scalar(item) or item not in found:
            found.append(item)
            if len(found) > 10_000:
                raise FunctionError("uniq of more than 10000 items")
    return found


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, int, float))


@named("compact", LIST)
def compact(items: list[Any]) -> list[Any]:
    return [item for item in items if not is_empty(item)]


@named("join", "string", ANY)
def join(between: str, items: Any) -> str:
    values = plain(items)
    if not isinstance(values, (list, tuple)):
        return text_of(values)
    texts = [text_of(value) for value in values if value is not None]
    check_length(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


@named("splitList", "string", "string")
def split_list(between: str, text: str) -> list[str]:
    pieces = text.split(between) if between else list(text)
    if len(pieces) > ITEMS_MAX:
        raise FunctionError(f"splitList into more than {ITEMS_MAX} items")
    return pieces


@named("split", "string", "string")
def split(between: str, text: str) -> dict[str, str]:
    return {f"_{index}": piece for index, piece in enumerate(split_list(between, text))}


@named("splitn", "string", "int", "string")
def splitn(between: str, most: int, text: str) -> dict[str, str]:
    pieces = text.split(between, most - 1) if most > 0 and between else split_list(between, text)
    return {f"_{index}": piece for index, piece in enumerate(pieces)}


@named("sortAlpha", ANY)
def sort_alpha(items: Any) -> list[str]:
    values = plain(items)
    return sorted(text_of(value) for value in values) if isinstance(values, (list, tuple)) else [text_of(values)]


@named("until", "int")
def until(count: int) -> list[int]:
    if abs(count) > ITEMS_MAX:
        raise FunctionError(f"until beyond {ITEMS_MAX}")
    return list(range(0, count, 1 if count >= 0 else -1))


@named("kindOf", ANY)
def kind_of(value: Any) -> str:
    kind = type_name(plain(value))
    return "slice" if kind.startswith("[]") else "map" if kind.startswith("map") else kind


@named("typeOf", ANY)
def type_of(value: Any) -> str:
    return type_name(value)


@named("fail", "string")
def fail(words: str) -> Any:
    raise FunctionError(words)
