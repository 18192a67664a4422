"""Shapes: which fields a noun of an event has, of what type and how large; one table reads both fast and slow.

Almost every event that an SDK sends is well formed, so a shape first asks msgspec, in C, whether a value fits as it is.
Only what does not fit is read field by field: coerced where the meaning is plain (a number where text is due), else
left out, each with a remark. Both ways come from the same fields, and a test holds that they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import orjson

from hannun.process.events.plain import Room, bounded, shortened
from hannun.process.events.remarks import INVALID, TOO_LONG, TOO_MANY, UNKNOWN, Remarks

Read = Callable[[Any, str, Remarks], Any]
"""Value, its path, where remarks go -> the value as it is kept, or None to leave it out."""


@dataclass(frozen=True, slots=True)
class Field:
    """`fits` is the msgspec type of values that `read` would return as they are."""

    read: Read
    fits: Any


def text(longest: int) -> Field:
    """A string of at most `longest` characters; numbers and booleans are written out."""

    def read(value: Any, path: str, remarks: Remarks) -> str | None:
        if type(value) is not str:
            written = as_text(value)
            if written is None:
                remarks.add(INVALID, path, "expected a string", value)
                return None
            value = written
        if len(value) > longest:
            remarks.add(TOO_LONG, path, f"cut to {longest} of {len(value)} characters")
            return shortened(value, longest)
        return value  # type: ignore[no-any-return]

    return Field(read, Annotated[str, msgspec.Meta(max_length=longest)])


def written_text(longest: int) -> Field:
    """Like `text`, but an object or a list is kept as the JSON of it."""
    inner = text(longest)

    def read(value: Any, path: str, remarks: Remarks) -> Any:
        if isinstance(value, dict | list):
            value = orjson.dumps(value).decode()
        return inner.read(value, path, remarks)

    return Field(read, inner.fits)


def as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return repr(value) if isinstance(value, float) and value - value == 0.0 else None


_INT_MAX = 2**63 - 1


def _read_integer(value: Any, path: str, remarks: Remarks) -> int | None:
    number: int | None = None
    if isinstance(value, bool):
        pass
    elif isinstance(value, int):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str) and len(value) < 20 and value.strip().lstrip("-").isdecimal():
        number = _to_int(value)
    if number is None or not -_INT_MAX <= number <= _INT_MAX:
        remarks.add(INVALID, path, "expected an integer", value)
        return None
    return number


def _to_int(value: str) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


def _read_boolean(value: Any, path: str, remarks: Remarks) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return value == 1
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    remarks.add(INVALID, path, "expected true or false", value)
    return None


def _read_number(value: Any, path: str, remarks: Remarks) -> float | int | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0.0:
        return value
    remarks.add(INVALID, path, "expected a number", value)
    return None


INTEGER = Field(_read_integer, Annotated[int, msgspec.Meta(ge=-_INT_MAX, le=_INT_MAX)])
BOOLEAN = Field(_read_boolean, bool)
NUMBER = Field(_read_number, int)
"""Floats take the slow way: they might be NaN."""


TYPED_DEPTH_MAX = 8
"""A type holds the one below it twice, so that each level doubles what it costs to make."""


@lru_cache
def _tree_type(depth: int, longest: int) -> Any:
    told: Any = bool | int | float | Annotated[str, msgspec.Meta(max_length=longest)]
    kind = None | told | _Empty
    key = Annotated[str, msgspec.Meta(max_length=512)]
    for _ in range(depth):
        outer = told | list[kind] | dict[key, kind]  # type: ignore[valid-type]
        kind = None | outer
    # A missing value may stand within a tree, but a field that is null is left out.
    return outer


@lru_cache
def _holder_type(depth: int, longest: int) -> Any:
    """A struct of one tree: msgspec finds a class at once, but would hash a nested type anew at every question."""
    holder = msgspec.defstruct("Holder", [("tree", _tree_type(depth, longest))], array_like=True, gc=False)
    _make_ready((False,), holder)
    return holder


def _make_ready(value: Any, kind: Any) -> None:
    """Let msgspec look into a type while the module is imported, which one thread does: two that ask about a new type
    at the same time end the process (its own tables are filled while Python hashes the parts of the type).
    """
    msgspec.convert(value, kind)


_Empty = Annotated[list[None], msgspec.Meta(max_length=0)] | Annotated[dict[str, None], msgspec.Meta(max_length=0)]


@dataclass(frozen=True, slots=True)
class Tree:
    """What the sender fills freely: at most `depth` levels, `characters` and `values` in all, strings of `longest`."""

    depth: int
    characters: int
    values: int
    longest: int

    def __post_init__(self) -> None:
        if 0 < self.depth <= TYPED_DEPTH_MAX:
            _holder_type(self.depth, self.longest)

    def field(self) -> Field:
        return Field(self.read, _tree_type(min(self.depth, TYPED_DEPTH_MAX), self.longest))

    def read(self, value: Any, path: str, remarks: Remarks) -> Any:
        """`value` within the bounds; None when it is a number that JSON cannot write."""
        if isinstance(value, float):
            return value if value - value == 0.0 else None
        if self.depth > TYPED_DEPTH_MAX:
            return self.read_slowly(value, path, remarks)
        try:
            msgspec.convert((value,), _holder_type(self.depth, self.longest))
        except msgspec.ValidationError:
            return self.read_slowly(value, path, remarks)
        return value if self.has_room_for(value) else self.read_slowly(value, path, remarks)

    def read_slowly(self, value: Any, path: str, remarks: Remarks) -> Any:
        room = Room(self.characters, self.values)
        kept = bounded(value, room, self.depth, self.longest)
        if room.cut:
            remarks.add(
                TOO_LONG, path, f"cut to {self.depth} levels, {self.values} values, {self.characters} characters"
            )
        return kept

    def has_room_for(self, value: Any) -> bool:
        """Whether `value`, known to be no deeper and of no longer strings, is surely small enough."""
        try:
            written = orjson.dumps(value)
        except (TypeError, ValueError):
            return False
        if len(written) > self.characters:
            return False
        # Every value but the first stands behind a comma or opens a container; the same signs in text only add to it.
        return 2 * self.values >= len(written) or (
            written.count(b",") + written.count(b"[") + written.count(b"{") < self.values
        )


def texts(longest: int, most: int) -> Field:
    """A list of strings."""
    item = text(longest)

    def read(value: Any, path: str, remarks: Remarks) -> list[str] | None:
        if not isinstance(value, list | tuple):
            remarks.add(INVALID, path, "expected a list", value)
            return None
        if len(value) > most:
            remarks.add(TOO_MANY, path, f"kept the first {most} of {len(value)}")
        read_ones = (
            "" if one is None else item.read(one, f"{path}.{at}", remarks) for at, one in enumerate(value[:most])
        )
        return ["" if one is None else one for one in read_ones]

    return Field(read, Annotated[list[item.fits], msgspec.Meta(max_length=most)])  # type: ignore[name-defined]


def words(*allowed: str) -> Field:
    """One of a few words."""

    def read(value: Any, path: str, remarks: Remarks) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        remarks.add(INVALID, path, f"expected one of {', '.join(allowed)}", value)
        return None

    return Field(read, msgspec.defstruct("Never", []))


class Shape:
    """A noun with `fields`. Fields that it does not know are left out with a remark."""

    __slots__ = ("_fits", "_one", "_room", "_trees", "fields", "name")

    def __init__(self, name: str, fields: Mapping[str, Field], trees: Mapping[str, Tree] | None = None) -> None:
        self.name = name
        self._trees = tuple((trees or {}).items())
        tightest = min((tree for _, tree in self._trees), key=lambda tree: (tree.characters, tree.values), default=None)
        self._room = tightest or Tree(0, 0, 0, 0)
        self.fields: dict[str, Field] = {**fields, **{key: tree.field() for key, tree in self._trees}}
        columns = [(f"f{at}", field.fits, msgspec.UNSET) for at, field in enumerate(self.fields.values())]
        wire_names = {f"f{at}": key for at, key in enumerate(self.fields)}
        self._one: Any = msgspec.defstruct(name, columns, forbid_unknown_fields=True, rename=wire_names, gc=False)
        self._fits: Any = list[self._one]  # type: ignore[name-defined]
        _make_ready([], self._fits)

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether each of `values` is well formed as it is: `read` would change none of them."""
        try:
            msgspec.convert(values, self._fits)
        except msgspec.ValidationError:
            return False
        if not self._trees or self._room.has_room_for(values):
            return True
        return all(
            tree.has_room_for(held)
            for key, tree in self._trees
            for value in values
            if (held := value.get(key)) is not None
        )

    def fits_one(self, value: Any) -> bool:
        return self.fits((value,))

    def read(self, value: Mapping[str, Any], path: str, remarks: Remarks) -> dict[str, Any]:
        """What is well formed of one noun."""
        if type(value) is dict and self.fits((value,)):
            return value
        return self.read_slowly(value, path, remarks)

    def read_slowly(self, value: Mapping[str, Any], path: str, remarks: Remarks) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            field = self.fields.get(key)
            if field is None:
                remarks.add(UNKNOWN, f"{path}.{key}", "unknown attribute was left out")
            elif item is not None and (read := field.read(item, f"{path}.{key}", remarks)) is not None:
                kept[key] = read
        return kept
