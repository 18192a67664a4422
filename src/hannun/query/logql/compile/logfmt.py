"""`| logfmt` in SQL, for lines without a mistake.

A key is looked for as ` key=`; it is the key where it stands outside of quotes and the whole line is well-formed. A
line that does not hold `key=` at all gives no such label, whatever else is wrong with it.
"""

from __future__ import annotations

from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.parsers import Hint, words_stand
from hannun.query.logql.compile.sure import ABSENT, ALWAYS, NEVER, NotInSql, Sure, Text, any_of, none_of
from hannun.query.logql.stages.names import is_label_name, sanitise
from hannun.query.logql.stages.state import LOGFMT_ERROR
from hannun.query.logql.syntax import Logfmt

# Keys are plain ASCII here, values hold no backslash, and nothing but spaces stands between.
_WELL_FORMED = r'^(?s: *[!#-<>-~]+(?:="[^"\\]*"(?: |$)|=[^\x00-\x20="]*(?: |$)|(?: |$)))* *$'


class LogfmtKeys:
    """Every key (the first of equal ones counts) or the named ones (the last counts)."""

    error_name = LOGFMT_ERROR

    def __init__(self, build: Building, line: str, node: Logfmt) -> None:
        self._build = build
        self._line = line
        self._node = node
        self._keys: dict[str, str] | None = None
        if node.extractions:
            self._keys = {extraction.label: sanitise(extraction.path) for extraction in node.extractions}
            if len(self._keys) < len(node.extractions):
                raise NotInSql

    def value(self, name: str) -> Text:
        if self._keys is None:
            key = name
        elif (key := self._keys.get(name, "")) == "":
            return ABSENT
        if not is_label_name(key) or key.startswith("_"):
            raise NotInSql
        build, line = self._build, self._line
        behind_space = build.text(f" {key}=")
        at = build.name(f"position(concat(' ', {line}), {behind_space})", "at")
        rest = build.name(f"substring({line}, {at} + {len(key) + 1})", "rest")
        found = build.name(
            f"if({at} = 0, '', if(startsWith({rest}, '\"'), substringIndex(substring({rest}, 2), '\"', 1), "
            f"substringIndex({rest}, ' ', 1)))",
            "value",
        )
        another = f"position(concat(' ', {line}), {behind_space}, {at} + 1) > 0"
        inside_quotes = f"countSubstrings(substring({line}, 1, toUInt64({at}) - 1), '\"') % 2 = 1"
        doubtful = [
            none_of(self._well_formed()),
            f"({at} > 0 AND {inside_quotes})",
            f"position({found}, '\ufffd') > 0",
            # An empty value does not count, and the next one does; of named keys the last one counts.
            f"({at} > 0 AND {another})" if self._keys is not None else f"({at} > 0 AND empty({found}) AND {another})",
        ]
        there = f"position({line}, {build.text(f'{key}=')}) > 0"
        if "_" in key:
            rival = "[^a-zA-Z0-9 =]".join(key.split("_"))
            rivals = build.text(f"(?:^| ){rival}=")
            # On a line that is not well-formed, more than a space may stand before a key: a tab, a quote.
            there = f"({there} OR match({line}, {build.text(f'{rival}=')}))"
            doubtful.append(f"countMatches({line}, {rivals}) > countSubstrings(concat(' ', {line}), {behind_space})")
        empty_there = ALWAYS if self._keys is not None else NEVER
        if self._keys is None and self._node.keep_empty:
            # A key that stands alone is kept, too.
            empty_there = f"position({line}, {build.text(key.split('_')[0])}) > 0"
        return Text(found, f"({there} AND {any_of(doubtful)})", empty_there)

    def number_text(self, name: str) -> Text:
        return self.value(name)

    def error(self) -> Sure:
        return Sure(NEVER, none_of(self._well_formed())) if self._node.strict else Sure(NEVER)

    def hint(self, name: str, value: str) -> Hint:
        return words_stand(self._build, value)

    def _well_formed(self) -> str:
        return self._build.name(f"match({self._line}, {self._build.text(_WELL_FORMED)})", "tidy")
