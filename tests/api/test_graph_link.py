"""Links to Prometheus's graph page find the same question on ours."""

from __future__ import annotations

from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.api.prometheus.graph_link import explore_query

EXPR = 'sum(rate(x{a="b&c"}[5m])) > 0'


@pytest.mark.parametrize(
    ("link", "asked"),
    [
        pytest.param(f"g0.expr={quote(EXPR)}&g0.tab=1", {"expr": EXPR, "tab": "table"}, id="as alerts carry it"),
        pytest.param("g0.expr=up&g0.tab=0", {"expr": "up"}, id="a graph"),
        pytest.param("g0.expr=up&g0.tab=table", {"expr": "up", "tab": "table"}, id="tabs by name, as in 3.x"),
        pytest.param("g0.expr=a&g1.expr=b&g2.expr=&g3.expr=c", {"expr": "a", "expr_b": "b", "expr_c": "c"}, id="many"),
        pytest.param(
            "g0.expr=up&g0.range_input=1h30m", {"expr": "up", "from": "now-5400s", "to": "now"}, id="with a range"
        ),
        pytest.param(
            "g0.expr=up&g0.range_input=1h&g0.end_input=2023-11-14%2022%3A13%3A20",
            {"expr": "up", "from": "1699996400000", "to": "1700000000000"},
            id="with an end, in UTC",
        ),
        pytest.param(
            "g0.expr=up&g0.moment_input=1970-01-01%2000%3A00%3A01",
            {"expr": "up", "from": "0", "to": "1000"},
            id="early",
        ),
        pytest.param(
            "g0.expr=up&g0.stacked=1&g0.step_input=60", {"expr": "up", "stack": "1", "step": "60s"}, id="more"
        ),
        pytest.param(
            "g0.expr=up&g0.range_input=soon&g0.end_input=never&g0.step_input=x&g0.tab=9",
            {"expr": "up", "from": "now-3600s", "to": "now"},
            id="what cannot be read",
        ),
    ],
)
def test_the_question_is_kept(link: str, asked: dict[str, str]) -> None:
    assert parse_qs(explore_query(link)) == {name: [value] for name, value in asked.items()}


@pytest.mark.parametrize("link", ["", "expr=up&tab=table", "from=1&to=2", "g0.expr=", "x"])
def test_other_queries_stay_as_they_are(link: str) -> None:
    assert explore_query(link) == link


def test_a_thousand_panels_are_no_link() -> None:
    assert explore_query("&".join(f"g{n}.expr=x" for n in range(1_000))) == ""


@given(st.text(max_size=200))
def test_any_text_gives_a_query(link: str) -> None:
    made = explore_query(link)
    assert made == link or made.isascii()
