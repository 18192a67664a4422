"""What Grafana's Prometheus data source asks: health, version and features first, then names and graphs.

The requests are those of Grafana 10 to 12: `pkg/promlib/healthcheck.go` and `heuristics.go`, and the query editor.
"""

from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("clients")

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(params=["", "/prometheus"], ids=["at the root", "under the prefix"])
def grafana(filled, request):
    headers = {"user-agent": "Grafana/12.0.0", "x-grafana-org-id": "1", "accept-encoding": "gzip"}
    with httpx.Client(base_url=filled.url + request.param, headers=headers, timeout=10) as client:
        yield client


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_health_check_is_one_plus_one_at_the_epoch(grafana, method: str) -> None:
    asked = {"query": "1+1", "time": "4"}
    answer = grafana.request(method, "/api/v1/query", **({"data": asked} if method == "POST" else {"params": asked}))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"status": "success", "data": {"resultType": "scalar", "result": [4, "2"]}}


def test_health_check_as_a_range_from_the_epoch(grafana) -> None:
    asked = {"query": "1+1", "start": "1", "end": "4", "step": "1"}
    found = grafana.post("/api/v1/query_range", data=asked).json()
    points = [[second, "2"] for second in (1, 2, 3, 4)]
    assert found == {
        "status": "success",
        "data": {"resultType": "matrix", "result": [{"metric": {}, "values": points}]},
    }


def test_build_info_makes_it_a_prometheus_with_every_feature(grafana) -> None:
    data = grafana.get("/api/v1/status/buildinfo").json()["data"]
    assert set(data) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    major, minor, _patch = map(int, data["version"].split("."))
    assert (major, minor) >= (2, 24), "label values with match[] are asked for from 2.24 on"
    # "features" would make it a Mimir, "application" a Cortex.
    assert "features" not in data


@pytest.mark.parametrize(
    ("path", "empty"),
    [
        ("rules?type=alert", {"groups": []}),
        ("rules?type=record", {"groups": []}),
        ("alerts", {"alerts": []}),
        ("alertmanagers", {"activeAlertmanagers": [], "droppedAlertmanagers": []}),
        ("query_exemplars?query=shop_orders_total", []),
    ],
)
def test_the_alert_list_and_exemplars_have_an_answer(grafana, path: str, empty: object) -> None:
    answer = grafana.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"status": "success", "data": empty}


@pytest.mark.parametrize(
    "path", ["targets", "status/config", "status/flags", "status/tsdb", "features", "scrape_pools"]
)
def test_status_pages_answer(grafana, path: str) -> None:
    answer = grafana.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["status"]) == (200, "success")


def test_the_editor_explains_a_query(grafana) -> None:
    asked = {"query": "sum by(city)(rate(shop_orders_total[5m]))"}
    assert grafana.post("/api/v1/format_query", data=asked).json()["data"] == (
        "sum by (city) (rate(shop_orders_total[5m]))"
    )
    tree = grafana.post("/api/v1/parse_query", data=asked).json()["data"]
    assert (tree["type"], tree["grouping"], tree["expr"]["func"]["name"]) == ("aggregation", ["city"], "rate")


def test_an_unknown_path_is_a_json_404(grafana) -> None:
    answer = grafana.get("/api/v1/no_such_thing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert answer.json()["error"]


@pytest.mark.parametrize("path", ["query", "query_range", "series", "labels", "rules", "read"])
def test_a_preflight_is_answered_and_allows_nothing_foreign(grafana, path: str) -> None:
    """CORS is off: without its header the browser stops a foreign page's question."""
    asked = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    answer = grafana.options(f"/api/v1/{path}", headers=asked)
    assert answer.status_code == 204
    assert "access-control-allow-origin" not in answer.headers


def test_the_editor_finds_names_and_values_in_its_window(grafana, filled) -> None:
    window = {"start": filled.start_s, "end": filled.end_s}
    one = {**window, "match[]": 'shop_orders_total{city="서울"}'}
    assert grafana.post("/api/v1/labels", data=one).json()["data"] == ["__name__", "city", "instance", "job", "method"]
    assert (
        grafana.get("/api/v1/labels", params=one).json()["data"]
        == grafana.post("/api/v1/labels", data=one).json()["data"]
    )
    assert grafana.get("/api/v1/label/method/values", params=one).json()["data"] == ["GET", "POST"]
    assert grafana.post("/api/v1/label/method/values", data=one).json()["data"] == ["GET", "POST"]
    assert "shop_orders_total" in grafana.get("/api/v1/label/__name__/values", params=window).json()["data"]
    assert len(grafana.post("/api/v1/series", data=one).json()["data"]) == 2
    assert grafana.get("/api/v1/metadata", params={"limit": 1000}).json()["status"] == "success"


def test_a_panel_gets_its_matrix_with_steps_where_it_asked_for_them(grafana, filled) -> None:
    """Grafana aligns start to the step and sends floats with three decimals."""
    asked = {
        "query": "sum by (city) (rate(shop_orders_total[1m0s]))",
        "start": f"{filled.end_s - 120}.000",
        "end": f"{filled.end_s}.000",
        "step": "15",
    }
    answer = grafana.post("/api/v1/query_range", data=asked)
    result = answer.json()["data"]["result"]
    assert [row["metric"] for row in result] == [{"city": "부산"}, {"city": "서울"}]
    assert [at for at, _ in result[0]["values"]] == list(range(filled.end_s - 120, filled.end_s + 1, 15))
    assert float(result[0]["values"][-1][1]) == pytest.approx(2)


def test_a_panel_error_says_where(grafana) -> None:
    answer = grafana.post("/api/v1/query_range", data={"query": "sum(", "start": 0, "end": 10, "step": 1})
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "errorType": "bad_data",
        "error": 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
    }
