"""`| json` in SQL, for lines that are one JSON object.

The engine validates what it parses, which Loki does not: a line that begins like an object and is none is unsure. One
parse gives every name that is asked for. A number comes out as the engine prints it, so where its text matters it is
looked up in the line. Loki makes label names out of keys, so several keys may give one name: lines on which another key
could claim the name are unsure too.
"""

from __future__ import annotations

from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.parsers import Hint, words_stand
from hannun.query.logql.compile.sure import ABSENT, ALWAYS, NotInSql, Sure, Text, all_of, any_of, none_of
from hannun.query.logql.stages.json_path import Path, parse_path
from hannun.query.logql.stages.json_scan import DEPTH_MAX
from hannun.query.logql.stages.names import is_label_name
from hannun.query.logql.stages.state import JSON_ERROR
from hannun.query.logql.syntax import Json

NAMES_MAX = 64
# What Loki trims off keys, as it stands in JSON; any escaped code may be a space.
_WIDE_SPACES = (
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_SPACE = rf"(?:[ {_WIDE_SPACES}]|\\[tnrf]|\\u[0-9a-fA-F]{{4}})"
_SPACES = "' ', '\\t', '\\r', '\\n'"
_DIGITS = "'-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'"
_NAME_CHARACTER_CODES = tuple(
    f"\\u00{code:02x}" for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), 0x5F, *range(0x61, 0x7B))
)
# JSON text may write the digits of an escape in capitals, too.
ESCAPED_NAMES = tuple(dict.fromkeys((*_NAME_CHARACTER_CODES, *(c[:4] + c[4:].upper() for c in _NAME_CHARACTER_CODES))))


class JsonKeys:
    """Every key. Names that begin with `_` have too many keys that could give them."""

    error_name = JSON_ERROR

    def __init__(self, build: Building, line: str) -> None:
        self._build = build
        self._line = line
        self._asked: list[str] = []
        self._broken: str | None = None
        self._parsed = build.later("json", self._expression)
        self._clean = build.later("clean", self._nothing_odd)

    def value(self, name: str) -> Text:
        found = self.number_text(name)
        if found is ABSENT:
            return found
        doubt = _otherwise_written(self._build, self._line, name, found.sql)
        unsure = any_of((found.unsure, self._unless_clean(_begins_like_no_number(found.sql), doubt)))
        return Text(found.sql, unsure, found.empty_there)

    def number_text(self, name: str) -> Text:
        if not is_label_name(name) or name.startswith("_") or len(self._asked) >= NAMES_MAX:
            raise NotInSql
        if name not in self._asked:
            self._asked.append(name)
        raw = f"tupleElement({self._parsed}, '{name}')"
        text = self._build.name(f"ifNull({raw}, '')", "value")
        plain = f"NOT startsWith({text}, '{{') AND NOT startsWith({text}, '[')"
        doubt = any_of((_no_plain_text(text), self._rivals(name)))
        return Text(text, self._unless_clean(plain, doubt), f"isNotNull({raw})")

    def error(self) -> Sure:
        line = self._line
        begins = self._build.name(f"substring({line}, 1, 1)", "begins")
        doubt = any_of(
            (f"{begins} IN ({_SPACES})", f"({begins} = '{{' AND ({self._is_broken()} OR {self._too_deep()}))")
        )
        return Sure(f"{begins} NOT IN ('{{', {_SPACES})", self._unless_clean(ALWAYS, doubt))

    def hint(self, name: str, value: str) -> Hint:
        return words_stand(self._build, value)

    def _unless_clean(self, too: str, doubt: str) -> str:
        """`doubt`, which is never true of a clean line of which `too` holds as well, and is looked at on no such line.

        Most lines are clean. Besides, what stands in an `if` before anything else is computed once: the engine would
        parse the line again for each condition that it may skip.
        """
        return self._build.name(f"if({all_of((self._clean, too))}, 0, {doubt})", "unsure")

    def _nothing_odd(self) -> str:
        """A valid object on which no other key could claim one of the names, by what costs next to nothing to see:
        no escapes, nothing beyond ASCII, no quote or name beside a space."""
        build, line = self._build, self._line
        conditions = [
            f"startsWith({line}, '{{')",
            f"length({line}) <= {5 * DEPTH_MAX}",
            f"length({line}) = lengthUTF8({line})",
            f"position({line}, '\\\\') = 0",
            f"position({line}, '\" ') = 0",
        ]
        for name in self._asked:
            conditions.append(f"position({line}, {build.text(_last(name) + ' ')}) = 0")
            if "_" in name:
                conditions.append(self._alone(name))
        conditions.append(any_of(f"isNotNull(tupleElement({self._parsed}, '{name}'))" for name in self._asked))
        return all_of(conditions)

    def _is_broken(self) -> str:
        if self._broken is None:
            self._broken = self._build.later("broken", self._nothing_valid)
        return self._broken

    def _too_deep(self) -> str:
        # Each level takes five characters at least: most lines are too short for their braces to be counted.
        return f"(length({self._line}) > {5 * DEPTH_MAX} AND countSubstrings({self._line}, '{{') > {DEPTH_MAX})"

    def _nothing_valid(self) -> str:
        # A parse that gave any value was one of a valid document, and needs no second look.
        nothing = all_of(f"isNull(tupleElement({self._parsed}, '{name}'))" for name in self._asked)
        # The engine would look at every line: it is handed the few that matter.
        return f"NOT isValidJSON(if({nothing}, {self._line}, '{{}}'))"

    def _expression(self) -> str:
        asked = self._asked or ["level"]
        kinds = ", ".join(f"`{name}` Nullable(String)" for name in asked)
        return f"JSONExtract({self._line}, 'Tuple({kinds})')"

    def _spaced(self) -> str:
        """Whether the line holds a space beyond ASCII. Few lines do that hold more than ASCII."""
        line = self._line
        wide = f"if(length({line}) = lengthUTF8({line}), '', {line})"
        return self._build.name(f"multiSearchAny({wide}, {self._build.texts(tuple(_WIDE_SPACES))})", "spaced")

    def _rivals(self, name: str) -> str:
        """Other keys that give this name: spaces around, escapes within, separators instead of `_`, nested ones."""
        build, line = self._build, self._line
        first, last = name.split("_")[0], _last(name)
        maybe = any_of(
            (
                *(f"position({line}, {build.text(each)}) > 0" for each in ('" ', '"\\', f"{last} ", f"{last}\\")),
                self._spaced(),
            )
        )
        around = build.text(f'"{_SPACE}+{first}|{last}{_SPACE}+"')
        rivals = [f"match(if({build.name(maybe, 'maybe')}, {line}, ''), {around})"]
        # A line whose letters are not escaped has nothing in `said`.
        escaped = f"multiSearchAny(if(empty(said), '', {line}), {build.texts(ESCAPED_NAMES)})"
        rivals.append(build.name(escaped, "escaped"))
        if "_" in name:
            # Korean and other letters are no letters to Loki: they become `_` like a dot.
            rivals.append(f"match(if({self._alone(name)}, '', {line}), {build.text(_rival_keys(name))})")
        return any_of(rivals)

    def _alone(self, name: str) -> str:
        """No key but the one of this name begins like it."""
        build, line = self._build, self._line
        prefix, whole = build.text(f'"{name.split("_")[0]}'), build.text(f'"{name}"')
        at = build.name(f"position({line}, {prefix})", "at")
        return f"({at} = position({line}, {whole}) AND ({at} = 0 OR position({line}, {prefix}, {at} + 1) = 0))"


class JsonPaths:
    """`| json a="x.y"`: named paths of keys without array indices."""

    error_name = JSON_ERROR

    def __init__(self, build: Building, line: str, node: Json) -> None:
        self._build = build
        self._line = line
        self._paths: dict[str, Path] = {}
        for extraction in node.extractions:
            if extraction.label in self._paths:
                raise NotInSql
            self._paths[extraction.label] = parse_path(extraction.path)

    def value(self, name: str) -> Text:
        found = self.number_text(name)
        if found is ABSENT:
            return found
        key = str(self._paths[name][-1])
        doubt = _otherwise_written(self._build, self._line, key, found.sql)
        return Text(found.sql, any_of((found.unsure, doubt)), found.empty_there)

    def number_text(self, name: str) -> Text:
        path = self._paths.get(name)
        if path is None:
            return ABSENT
        if any(isinstance(part, int) or "\\" in part or '"' in part for part in path):
            raise NotInSql
        keys = ", ".join(self._build.text(str(part)) for part in path)
        text = self._build.name(f"JSONExtractString({self._line}, {keys})", "value")
        return Text(text, _no_plain_text(text), ALWAYS)

    def error(self) -> Sure:
        line = self._line
        begins = self._build.name(f"substring({line}, 1, 1)", "begins")
        return Sure(
            f"{begins} NOT IN ('', '{{', '[', '\"')",
            # The engine reads a document behind a space, Loki does not: such a line fails and gives no label.
            any_of((f"{begins} IN ('[', '\"', {_SPACES})", f"({begins} = '{{' AND NOT isValidJSON({line}))")),
        )

    def hint(self, name: str, value: str) -> Hint:
        return words_stand(self._build, value)


def _last(name: str) -> str:
    return name.rsplit("_", 1)[-1] or "_"


def _begins_like_no_number(text: str) -> str:
    """By comparisons, which copy nothing: its first character is neither a minus nor a digit."""
    return f"({text} < '-' OR {text} >= ':' OR ({text} >= '.' AND {text} < '0'))"


def _no_plain_text(text: str) -> str:
    """An object or an array, or a character that Loki replaces."""
    return f"(substring({text}, 1, 1) IN ('{{', '[') OR position({text}, '\ufffd') > 0)"


def _otherwise_written(build: Building, line: str, key: str, text: str) -> str:
    """The text looks like a number, and does not stand like that behind its key."""
    label = build.text(f'"{key}":')
    at = build.name(f"position({line}, {label})", "at")
    behind = build.name(f"trimLeft(substring({line}, {at} + length({label}), length({text}) + 4))", "behind")
    bare = f"(startsWith({behind}, {text}) AND substring({behind}, length({text}) + 1, 1) IN (',', '}}', ' '))"
    quoted = f"startsWith({behind}, concat('\"', {text}, '\"'))"
    stands = f"({at} > 0 AND position({line}, {label}, {at} + 1) = 0 AND ({bare} OR {quoted}))"
    return all_of((f"substring({text}, 1, 1) IN ({_DIGITS})", none_of(stands)))


def _rival_keys(name: str) -> str:
    parts = name.split("_")
    prefixes = ["_".join(parts[:count]) for count in range(1, len(parts))]
    return "|".join(rf'"{prefix}(?:[^"_0-9A-Za-z]|"\s*:\s*\{{)' for prefix in prefixes)
