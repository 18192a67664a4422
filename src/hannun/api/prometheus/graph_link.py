"""Links to Prometheus's graph page (alerts carry them, people bookmark them) as links to our metrics page. Pure.

Prometheus numbers its panels: `g0.expr=…&g0.tab=1&g0.range_input=1h`, and `g1.…` for the next one. Here all
expressions stand in one graph, and what is said about the first panel holds for it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from hannun.model.time import parse_duration_ms

PANELS_MAX = 8
FIELDS_MAX = 200
HOUR_MS = 3_600_000
_TABS = {"0": "graph", "1": "table", "graph": "graph", "table": "table", "explain": "explain", "tree": "explain"}


def explore_query(query: str) -> str:
    """The query string of /explore for one of /graph or /query. Text that is not such a link comes back as it is."""
    try:
        given = dict(parse_qsl(query, max_num_fields=FIELDS_MAX, errors="replace"))
    except ValueError:
        return ""
    exprs = [expr for number in range(PANELS_MAX) if (expr := given.get(f"g{number}.expr", ""))]
    if not exprs:
        return query
    asked = {"expr" if index == 0 else f"expr_{chr(97 + index)}": expr for index, expr in enumerate(exprs)}
    tab = _TABS.get(given.get("g0.tab", ""), "graph")
    if tab != "graph":
        asked["tab"] = tab
    if given.get("g0.stacked") == "1" or given.get("g0.display_mode") == "stacked":
        asked["stack"] = "1"
    if (step := given.get("g0.step_input", "")).isdecimal() and step.isascii():
        asked["step"] = f"{step}s"
    return urlencode({**asked, **_window(given)})


def _window(given: dict[str, str]) -> dict[str, str]:
    """Prometheus's range and end; nothing when neither is said."""
    said = given.get("g0.range_input", "")
    end = given.get("g0.end_input") or given.get("g0.moment_input") or ""
    if not said and not end:
        return {}
    try:
        range_ms = parse_duration_ms(said) if said else HOUR_MS
    except ValueError:
        range_ms = HOUR_MS
    if not end:
        return {"from": f"now-{range_ms // 1000}s", "to": "now"}
    try:
        end_ms = round(datetime.fromisoformat(end).replace(tzinfo=UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return {"from": f"now-{range_ms // 1000}s", "to": "now"}
    return {"from": str(max(end_ms - range_ms, 0)), "to": str(max(end_ms, 0))}
