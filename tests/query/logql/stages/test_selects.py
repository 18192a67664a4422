"""Selectors of Promtail's `match` stages."""

from __future__ import annotations

import pytest

from hannun.model.errors import BadQuery
from hannun.model.stage import StageSpec
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.pipeline import Pipeline
from hannun.query.logql.parser import parse
from hannun.query.logql.stages.selects import selects


def test_matchers_and_line_filters() -> None:
    takes = selects(parse('{app=~"sh.p", env!="dev"} |= "err" != "retry"'))
    assert takes({"app": "shop"}, "an err")
    assert not takes({"app": "shop"}, "an err, retry")
    assert not takes({"app": "shop", "env": "dev"}, "an err")
    assert not takes({}, "an err")


def test_a_metric_query_selects_no_lines() -> None:
    with pytest.raises(BadQuery, match="only log queries"):
        selects(parse('rate({app="a"}[5m])'))


def test_a_match_stage_with_the_real_parser() -> None:
    context = Context(select=lambda text: selects(parse(text)))
    spec = StageSpec("match", {"selector": '{app="a"} |~ "x.z"', "action": "drop"}, "f:1")
    pipeline = Pipeline.of([spec], context)
    assert pipeline.run(Entry({"app": "a"}, 0, "xyz")) == []
    assert len(pipeline.run(Entry({"app": "a"}, 0, "abc"))) == 1
