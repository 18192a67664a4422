"""`regex`: named groups as extracted values."""

from __future__ import annotations

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.regexes import compiled, decode, encode, named_groups
from hannun.process.pipeline.registry import Stage, changing, stage


@stage("regex")
def _regex(options: Options, context: Context) -> Stage:
    regex = compiled(options, "expression", options.needed("expression"))
    source = options.source()
    labels_from_groups = options.flag("labels_from_groups")
    groups = named_groups(regex)
    search = regex.search

    def change(entry: Entry) -> None:
        text = entry.line if source is None else text_of(entry.extracted.get(source))
        found = None if text is None else search(encode(text))
        if found is not None:
            for index, name in groups:
                entry.extracted[name] = value = decode(found[index])
                if labels_from_groups:
                    entry.labels[name] = value

    return changing(change)
