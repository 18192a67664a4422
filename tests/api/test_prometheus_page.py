"""The reference page names every endpoint with its methods, in both languages, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hannun.api.prometheus import routes
from hannun.query.promql import PromEngine

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `(/[^`]+)` \| ([A-Z ]+) \|", re.MULTILINE)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_lists_what_is_there(lang: str, reader, runner) -> None:
    listed = ROW.findall((DOCS / lang / "reference" / "prometheus-api.md").read_text(encoding="utf-8"))
    told = {(method, path) for path, methods in listed for method in methods.split()}
    assert told == {(one.method, one.path) for one in routes(PromEngine(reader), reader, runner)}
    assert len(listed) == len({path for path, _ in listed})
