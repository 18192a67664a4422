"""`template`: a Go template over the extracted values sets one of them; an empty result removes it."""

from __future__ import annotations

from hannun.gotemplate.errors import TemplateError
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage
from hannun.process.pipeline.templates import parse_template


@stage("template")
def _template(options: Options, context: Context) -> Stage:
    source = options.needed("source")
    template = parse_template(options, "template", context)

    def change(entry: Entry) -> None:
        values: dict[str, str] = {}
        for name, value in entry.extracted.items():
            text = text_of(value)
            if text is not None:
                values[name] = text
        if source in values:
            values["Value"] = values[source]
        values["Entry"] = entry.line
        try:
            made = template.execute(values)
        except TemplateError:
            return
        if made:
            entry.extracted[source] = made
        else:
            entry.extracted.pop(source, None)

    return changing(change)
