"""Labels of an exposed series: who wins, what is renamed, what is dropped, what is too much."""

from __future__ import annotations

import pytest

from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.labels import LabelMaker
from hannun.config.prometheus.model import ScrapeConfig, ScrapeLimits
from hannun.model.relabel import RelabelRule
from hannun.process.relabel import Relabeler

TARGET = (("env", "prod"), ("instance", "a:1"), ("job", "app"))


def make(exposed: dict[str, str], **more: object) -> dict[str, str] | None:
    config = ScrapeConfig("app", 1, 1, **more)  # type: ignore[arg-type]
    made = LabelMaker(config, TARGET, Relabeler(config.metric_relabel)).make({"__name__": "m", **exposed})
    return None if made is None else made.drop_metric().as_dict()


USUAL = dict(TARGET)


@pytest.mark.parametrize(
    ("exposed", "honor", "expected"),
    [
        pytest.param({"a": "1"}, False, {**USUAL, "a": "1"}, id="no clash"),
        pytest.param({"job": "x"}, False, {**USUAL, "exported_job": "x"}, id="clash is renamed"),
        pytest.param(
            {"job": "x", "exported_job": "y"},
            False,
            {**USUAL, "exported_job": "y", "exported_exported_job": "x"},
            id="renamed until free",
        ),
        pytest.param({"job": ""}, False, USUAL, id="an empty value clashes with nothing"),
        pytest.param({"job": "x"}, True, {**USUAL, "job": "x"}, id="honored"),
        pytest.param({"job": ""}, True, {"env": "prod", "instance": "a:1"}, id="honored empty keeps the target's away"),
    ],
)
def test_who_wins(exposed: dict[str, str], honor: bool, expected: dict[str, str]) -> None:
    assert make(exposed, honor_labels=honor) == expected


def test_relabeling_sees_the_resolved_labels_and_may_drop() -> None:
    drop = (RelabelRule(action="drop", source_labels=("exported_job",), regex="x"),)
    assert make({"job": "x"}, metric_relabel=drop) is None
    assert make({"job": "y"}, metric_relabel=drop) == {**USUAL, "exported_job": "y"}


def test_a_series_that_loses_its_name_is_dropped() -> None:
    assert make({}, metric_relabel=(RelabelRule(action="labeldrop", regex="__name__"),)) is None


@pytest.mark.parametrize(
    ("exposed", "limits", "error"),
    [
        pytest.param(
            {"a": "1"},
            ScrapeLimits(labels=4),
            "label_limit exceeded (metric: m, number of labels: 5, limit: 4)",
            id="labels, name and target's included",
        ),
        pytest.param(
            {"much_longer": "1"},
            ScrapeLimits(label_name_length=8),
            "label_name_length_limit exceeded (metric: m, label name: much_longer, length: 11, limit: 8)",
            id="long name",
        ),
        pytest.param(
            {"a": "한글"},
            ScrapeLimits(label_value_length=5),
            'label_value_length_limit exceeded (metric: m, label name: a, value: "한글", length: 6, limit: 5)',
            id="value, in bytes",
        ),
        pytest.param(
            {f"l{n}": "1" for n in range(10_000)}, ScrapeLimits(), "label_limit exceeded", id="ten thousand labels"
        ),
        pytest.param(
            {"a": "x" * (1 << 20)}, ScrapeLimits(), "label_value_length_limit exceeded", id="a value of 1 MiB"
        ),
    ],
)
def test_too_much_fails_and_names_the_setting(exposed: dict[str, str], limits: ScrapeLimits, error: str) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        make(exposed, limits=limits)
    assert error in str(caught.value)
    assert len(str(caught.value)) < 300
    assert caught.value.advice is not None


def test_what_relabeling_drops_cannot_exceed_a_limit() -> None:
    drop = (RelabelRule(action="drop", source_labels=("__name__",), regex="m"),)
    assert make({f"l{n}": "1" for n in range(200)}, metric_relabel=drop) is None
