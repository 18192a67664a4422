"""/federate gives a scraper the newest sample of each series, as it was."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import federated, routes
from hannun.api.prometheus.federated import Newest
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN
from hannun.query.promql import PromEngine

NOW_MS = 1_700_000_000_000
MINUTE_MS = 60_000
EVERYTHING = '/federate?match[]={__name__=~".%2B"}'


@pytest.fixture
def federate(serve, reader, runner, clock):
    async def asked(path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        async with serve(routes(PromEngine(reader, clock=clock), reader, runner, clock=clock, **more)) as client:
            return await client.get(path, headers=headers)

    return asked


async def page(federate, path: str, **more: Any) -> list[str]:
    answer = await federate(path, **more)
    assert answer.status_code == 200, answer.text
    return answer.text.splitlines()


async def test_the_newest_sample_of_each_series_with_its_own_time(federate, reader) -> None:
    reader.clear()
    reader.add(Labels.of(__name__="b_total", job="x", instance="i"), [(NOW_MS - 30_000, 1.0), (NOW_MS - 15_000, 2.5)])
    reader.add(Labels.of(__name__="a", job="x", instance="i"), [(NOW_MS, 7.0), (NOW_MS + 1, 8.0)])
    assert await page(federate, EVERYTHING) == [
        "# TYPE a untyped",
        f'a{{instance="i",job="x"}} 7 {NOW_MS}',
        "# TYPE b_total untyped",
        f'b_total{{instance="i",job="x"}} 2.5 {NOW_MS - 15_000}',
    ]


async def test_what_ended_or_is_long_gone_is_left_out(federate, reader) -> None:
    reader.clear()
    reader.add(Labels.of(__name__="ended", instance="i"), [(NOW_MS - 15_000, 1.0), (NOW_MS, STALE_NAN)])
    reader.add(Labels.of(__name__="old", instance="i"), [(NOW_MS - 5 * MINUTE_MS, 1.0)])
    reader.add(Labels.of(__name__="back", instance="i"), [(NOW_MS - 15_000, STALE_NAN), (NOW_MS, 1.0)])
    reader.add(Labels.of(__name__="nan", instance="i"), [(NOW_MS, math.nan)])
    assert [line.split("{")[0] for line in await page(federate, EVERYTHING) if line[0] != "#"] == ["back", "nan"]


async def test_a_series_that_two_selectors_choose_comes_once(federate) -> None:
    lines = await page(federate, "/federate?match[]=up&match[]={job='node'}&match[]=up")
    assert len([line for line in lines if line.startswith("up{")]) == 3


async def test_external_labels_fill_what_a_series_lacks(federate, reader) -> None:
    reader.clear()
    reader.add(Labels.of(__name__="own", cluster="mine", instance="i"), [(NOW_MS, 1.0)])
    reader.add(Labels.of(__name__="sum"), [(NOW_MS, 1.0)])
    found = await page(federate, EVERYTHING, external_labels=lambda: {"cluster": "seoul", "az": 'a"1'})
    assert found == [
        "# TYPE own untyped",
        f'own{{cluster="mine",instance="i",az="a\\"1"}} 1 {NOW_MS}',
        "# TYPE sum untyped",
        f'sum{{az="a\\"1",cluster="seoul",instance=""}} 1 {NOW_MS}',
    ]


async def test_an_external_instance_stands_in_for_the_empty_one(federate, reader) -> None:
    reader.clear()
    reader.add(Labels.of(__name__="sum"), [(NOW_MS, 1.0)])
    found = await page(federate, EVERYTHING, external_labels=lambda: {"instance": "hannun"})
    assert found[1] == f'sum{{instance="hannun"}} 1 {NOW_MS}'


async def test_names_of_other_letters_are_escaped_unless_the_scraper_reads_them(federate, reader) -> None:
    reader.clear()
    reader.add(Labels.from_pairs([("__name__", "my.metric"), ("라벨", "값"), ("instance", "i")]), [(NOW_MS, 1.0)])
    plain = await federate(EVERYTHING)
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert plain.text == f'# TYPE my_metric untyped\nmy_metric{{instance="i",__="값"}} 1 {NOW_MS}\n'
    accept = "application/openmetrics-text;version=1.0.0,text/plain; version=1.0.0; escaping=allow-utf-8;q=0.3"
    quoted = await federate(EVERYTHING, {"accept": accept})
    assert "version=1.0.0" in quoted.headers["content-type"]
    assert "escaping=allow-utf-8" in quoted.headers["content-type"]
    assert quoted.text == f'# TYPE "my.metric" untyped\n{{"my.metric",instance="i","라벨"="값"}} 1 {NOW_MS}\n'


async def test_values_are_written_as_go_writes_them() -> None:
    rows = [
        (1e6, "1e+06"),
        (999_999.0, "999999"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-5, "1e-05"),
        (math.inf, "+Inf"),
        (math.nan, "NaN"),
    ]
    for value, text in rows:
        made = b"".join(federated.text([Newest(Labels.of(__name__="m", instance="i"), 1, value)], {}, utf8=False))
        assert made.decode().splitlines()[1] == f'm{{instance="i"}} {text} 1'


async def test_series_without_a_name_have_no_place_in_it() -> None:
    assert list(federated.text([Newest(Labels.of(a="b"), 1, 1.0)], {}, utf8=False)) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?match[]=up{", "1:4: parse error: unexpected end of input inside braces\n"),
        ("?match[]=sum(up)", "1:4: parse error:"),
    ],
)
async def test_a_bad_selector_is_told_in_plain_text(federate, query: str, words: str) -> None:
    answer = await federate(f"/federate{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith(words)


async def test_no_selector_is_an_empty_page(federate) -> None:
    answer = await federate("/federate")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_page_has_a_bound(federate) -> None:
    answer = await federate(EVERYTHING, limits=ApiLimits(answer_bytes_max=100))
    assert answer.status_code == 422
    assert "at most 100 are sent" in answer.text
