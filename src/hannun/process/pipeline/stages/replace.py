"""`replace`: each captured group of a regex through a template."""

from __future__ import annotations

from typing import Any

from hannun.gotemplate.errors import TemplateError
from hannun.gotemplate.values import StringMap
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.regexes import compiled, decode, encode, named_groups
from hannun.process.pipeline.registry import Stage, changing, stage
from hannun.process.pipeline.templates import parse_template

_MATCHES_MAX = 10_000


@stage("replace")
def _replace(options: Options, context: Context) -> Stage:
    regex = compiled(options, "expression", options.needed("expression"))
    source = options.source()
    template = parse_template(options, "replace", context)
    groups = named_groups(regex)

    def change(entry: Entry) -> None:
        text = entry.line if source is None else text_of(entry.extracted.get(source))
        if text is None:
            return
        data = encode(text)
        found = [match for _, match in zip(range(_MATCHES_MAX), regex.finditer(data), strict=False)]
        if not found:
            return
        values = StringMap(_texts(entry.extracted))
        pieces: list[bytes] = []
        filled: dict[bytes, str] = {}
        at = 0
        try:
            for match in found:
                for group in range(1, regex.groups + 1):
                    captured = match[group]
                    if captured is None:
                        continue
                    start, end = match.span(group)
                    values["Value"] = decode(captured)
                    filled[captured] = template.execute(values)
                    # A group inside another one, or before where we are, is filled but not put in again.
                    if at == 0 or at < start:
                        pieces += [data[at:start], encode(filled[captured])]
                        at = end
        except TemplateError:
            return
        result = decode(b"".join([*pieces, data[at:]]))
        if source is None:
            entry.line = result
        else:
            entry.extracted[source] = result
        for index, name in groups:
            captured = found[0][index]
            if captured in filled:
                entry.extracted[name] = filled[captured]

    return changing(change)


def _texts(extracted: dict[str, Any]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in extracted.items():
        text = text_of(value)
        if text is not None:
            texts[name] = text
    return texts
