"""The Python packages that people use against a Prometheus: prometheus-api-client asks, prometheus-client is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("clients")


@pytest.fixture(params=["GET", "POST"])
def connect(filled, request):
    api = pytest.importorskip("prometheus_api_client", reason="prometheus-api-client is not installed")
    with api.PrometheusConnect(url=filled.url, method=request.param) as connected:
        yield connected


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_it_finds_the_server(connect) -> None:
    assert connect.check_prometheus_connection()


def test_names_labels_and_series(connect, filled) -> None:
    assert {"shop_orders_total", "shop_temperature_celsius"} <= set(connect.all_metrics())
    assert {"__name__", "city", "job", "method"} <= set(connect.get_label_names())
    match = {"match[]": "shop_orders_total"}
    assert connect.get_label_names(params=dict(match)) == ["__name__", "city", "instance", "job", "method"]
    assert connect.get_label_values("city", params=dict(match)) == ["부산", "서울"]
    series = connect.get_series(at(filled.start_s), at(filled.end_s), params=dict(match))
    assert len(series) == 4
    assert connect.get_series(at(10), at(20), params=dict(match)) == []


def test_values_now_and_over_time(connect, filled) -> None:
    now = {"time": filled.end_s}
    chosen = {"city": "서울", "method": "GET"}
    current = connect.get_current_metric_value("shop_orders_total", label_config=chosen, params=dict(now))
    assert [row["value"] for row in current] == [[filled.end_s, "600"]]
    span = {"start_time": at(filled.start_s), "end_time": at(filled.end_s)}
    whole = connect.get_metric_range_data("shop_orders_total", label_config=chosen, **span)
    assert len(whole[0]["values"]) == 40
    pieces = connect.get_metric_range_data(
        "shop_orders_total", label_config=chosen, chunk_size=timedelta(minutes=5), **span
    )
    # Windows are open on the left: the pieces together hold each sample once.
    assert [pair for piece in pieces for pair in piece["values"]] == whole[0]["values"]


def test_queries_and_aggregations(connect, filled) -> None:
    assert connect.custom_query("sum(shop_orders_total)", params={"time": filled.end_s})[0]["value"][1] == "2400"
    span = {"start_time": at(filled.end_s - 60), "end_time": at(filled.end_s), "step": "15"}
    drawn = connect.custom_query_range("shop_temperature_celsius", **span)
    assert [float(value) for _, value in drawn[0]["values"]] == [540, 555, 570, 585, 600]
    numbers = connect.get_metric_aggregation(
        "shop_temperature_celsius", ["sum", "max", "min", "average", "percentile_50", "deviation", "variance"], **span
    )
    assert (numbers["sum"], numbers["max"], numbers["min"], numbers["percentile_50.0"]) == (2850, 600, 540, 570)


def test_metadata(connect) -> None:
    assert connect.get_metric_metadata("nobody_knows_this") == []
    assert connect.get_metric_metadata("nobody_knows_this", limit=1, limit_per_metric=1) == []


def test_a_wrong_query_is_its_own_exception_with_our_words(connect) -> None:
    from prometheus_api_client.exceptions import PrometheusApiClientException

    with pytest.raises(PrometheusApiClientException, match="parse error"):
        connect.custom_query("sum(")


def test_targets_of_a_server_that_scrapes_nothing(connect) -> None:
    assert connect.get_scrape_pools() == []
    assert connect.get_targets()["activeTargets"] == []
    assert connect.get_target_metadata({"job": "nobody"}) == []


def test_data_frames(connect, filled) -> None:
    """Its pandas side reads what the server sent."""
    api = pytest.importorskip("prometheus_api_client")
    pytest.importorskip("pandas", reason="pandas is not installed")
    rows = connect.get_metric_range_data("shop_orders_total", start_time=at(filled.start_s), end_time=at(filled.end_s))
    frame = api.MetricRangeDataFrame(rows)
    assert set(frame["city"]) == {"서울", "부산"}
    assert float(frame["value"].max()) == 600
    assert (
        len(api.MetricSnapshotDataFrame(connect.custom_query("shop_orders_total", params={"time": filled.end_s}))) == 4
    )


def test_our_own_metrics_are_read_by_prometheus_client(filled) -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    answer = httpx.get(f"{filled.url}/metrics")
    assert "_created" not in answer.text, "each would be one more series, of a time that nobody asks for"
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in parser.text_string_to_metric_families(answer.text)}
    assert {"hannun_queries_running", "hannun_http_requests", "process_cpu_seconds"} <= set(families)
    assert all(family.documentation for family in families.values())


def test_our_own_metrics_are_open_metrics_to_who_asks_for_that(filled) -> None:
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    asked = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
    answer = httpx.get(f"{filled.url}/metrics", headers={"accept": asked})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "process_cpu_seconds" in {family.name for family in parser.text_string_to_metric_families(answer.text)}
