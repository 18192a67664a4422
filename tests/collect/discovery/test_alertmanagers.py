"""`alerting:` of prometheus.yml becomes the URLs that Prometheus's API shows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hannun.collect.discovery.alertmanagers import URLS_MAX, AlertmanagerDiscovery, urls
from hannun.collect.discovery.registry import discover
from hannun.config.prometheus.load import load
from hannun.config.prometheus.model import AlertmanagerConfig, FileSd, StaticSd
from hannun.model.relabel import Action, RelabelRule
from hannun.model.rules import Alertmanagers
from hannun.model.target import TargetGroup

V2 = "/api/v2/alerts"


def group(*addresses: str, **labels: str) -> TargetGroup:
    return TargetGroup("0", tuple({"__address__": address} for address in addresses), labels)


def rule(action: Action, regex: str, **more: object) -> RelabelRule:
    return RelabelRule(source_labels=("__address__",), action=action, regex=regex, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "found", "active", "dropped"),
    [
        pytest.param({}, [group("a:9093")], [f"http://a:9093{V2}"], [], id="as it is written"),
        pytest.param({"scheme": "https"}, [group("a")], [f"https://a{V2}"], [], id="no port is added"),
        pytest.param({"path_prefix": "/am/"}, [group("a")], [f"http://a/am{V2}"], [], id="below a prefix"),
        pytest.param({"path_prefix": "am"}, [group("a")], [f"http://a/am{V2}"], [], id="a prefix without slash"),
        pytest.param({}, [group("a", "b"), group("a")], [f"http://a{V2}", f"http://b{V2}"], [], id="each once"),
        pytest.param(
            {"relabel": (rule("drop", "b"),)}, [group("a", "b")], [f"http://a{V2}"], [f"http://b{V2}"], id="dropped"
        ),
        pytest.param(
            {"relabel": (rule("replace", "(.*)", target_label="__scheme__", replacement="https"),)},
            [group("a")],
            [f"https://a{V2}"],
            [],
            id="relabeling changes the scheme",
        ),
        pytest.param(
            {"relabel": (rule("replace", "(.*)", target_label="__alerts_path__", replacement="/x y"),)},
            [group("a")],
            ["http://a/x%20y"],
            [],
            id="and the path",
        ),
        pytest.param({}, [group("a", __scheme__="https")], [f"https://a{V2}"], [], id="labels of a group win"),
        pytest.param({}, [group("a", "http://b/"), group("c")], [f"http://c{V2}"], [], id="a URL is no address"),
        pytest.param({}, [group("[::1]:9093")], [f"http://[::1]:9093{V2}"], [], id="IPv6"),
    ],
)
def test_urls(
    config: Mapping[str, object], found: Sequence[TargetGroup], active: list[str], dropped: list[str]
) -> None:
    assert urls(AlertmanagerConfig(**config), found) == Alertmanagers(tuple(active), tuple(dropped))  # type: ignore[arg-type]


def test_a_discovery_without_end_is_bounded() -> None:
    many = group(*(f"am-{number}" for number in range(URLS_MAX + 5)))
    assert len(urls(AlertmanagerConfig(), [many]).active) == URLS_MAX
    config = AlertmanagerConfig(relabel=(rule("drop", ".*"),))
    assert len(urls(config, [many]).dropped) == URLS_MAX


async def until(found: AlertmanagerDiscovery, wanted: Alertmanagers) -> None:
    for _ in range(400):
        if found.known() == wanted:
            return
        await asyncio.sleep(0.01)
    assert found.known() == wanted


async def test_the_users_file_names_one(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(
        "alerting:\n  alertmanagers:\n    - static_configs:\n        - targets:\n            - alertmanager:9093\n"
    )
    config, complaints = load(file, {})
    assert complaints == ()
    finder = AlertmanagerDiscovery(discover)
    await finder.adopt(finder.prepare(config.alertmanagers))
    await until(finder, Alertmanagers((f"http://alertmanager:9093{V2}",)))
    await finder.stop()
    assert finder.known() == Alertmanagers()


async def test_a_file_is_followed_and_other_entries_go_on(tmp_path: Path) -> None:
    listed = tmp_path / "am.json"
    listed.write_text('[{"targets": ["a:9093"]}]')
    followed = AlertmanagerConfig(discoveries=(FileSd((str(listed),), refresh_ms=50),))
    fixed = AlertmanagerConfig(discoveries=(StaticSd((group("b"),)),), scheme="https")
    finder = AlertmanagerDiscovery(discover)
    await finder.adopt(finder.prepare((followed, fixed)))
    await until(finder, Alertmanagers((f"http://a:9093{V2}", f"https://b{V2}")))
    listed.write_text('[{"targets": ["c:9093"]}]')
    await until(finder, Alertmanagers((f"http://c:9093{V2}", f"https://b{V2}")))
    before = finder.prepare((followed,))
    await finder.adopt(before)
    assert finder.prepare((followed,)) == before, "an equal entry is the one at work"
    assert finder.known() == Alertmanagers((f"http://c:9093{V2}",))
    changed = replace(followed, path_prefix="/x")
    await finder.adopt(finder.prepare((changed,)))
    await until(finder, Alertmanagers((f"http://c:9093/x{V2}",)))
    await finder.stop()


async def test_what_cannot_be_used_changes_nothing() -> None:
    def refuse(_: object) -> None:
        raise ValueError("no such CA")

    finder = AlertmanagerDiscovery(discover)
    await finder.adopt(finder.prepare((AlertmanagerConfig(discoveries=(StaticSd((group("a"),)),)),)))
    await until(finder, Alertmanagers((f"http://a{V2}",)))
    finder._discover = refuse  # type: ignore[assignment]
    with pytest.raises(ValueError, match="no such CA"):
        finder.prepare((AlertmanagerConfig(discoveries=(StaticSd(()),)),))
    assert finder.known() == Alertmanagers((f"http://a{V2}",))
    await finder.stop()
