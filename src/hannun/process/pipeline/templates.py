"""Templates of stages: parsed when the pipeline is built, with Promtail's functions."""

from __future__ import annotations

from hannun.gotemplate.errors import TemplateError
from hannun.gotemplate.functions.promtail import functions
from hannun.gotemplate.template import Template
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.options import Options


def parse_template(options: Options, key: str, context: Context) -> Template:
    """Raises ConfigError in Go's words."""
    try:
        return Template.parse(options.text(key), functions(context.now_ns), name="pipeline_template")
    except TemplateError as err:
        raise options.wrong(f"`{key}`: {err}", f"`{key}` 템플릿을 읽을 수 없습니다: {err}") from err
