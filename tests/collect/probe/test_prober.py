"""The prober itself: modules, deadlines, how many at once, what is kept, pages for our own scrapes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from hannun.collect.probe import Prober, stand_ins
from hannun.collect.probe.prober import go_quoted, probe_timeout_s, shows_secrets
from hannun.collect.probe.report import LOG_BYTES_MAX, Report, quoted
from hannun.collect.stand_in import StandIns
from hannun.config.blackbox.model import BlackboxConfig, GrpcProbe, HttpProbe, Module, TcpProbe
from hannun.config.blackbox.stock import STOCK
from hannun.config.http_client import BasicAuth, HeaderValues, HttpClientConfig
from hannun.model.errors import Overloaded
from hannun.model.probe import ProbeRefused, ProbeRequest

MODULES = {
    "http_2xx": Module("http_2xx", HttpProbe()),
    "quick": Module("quick", HttpProbe(), timeout_ms=300),
    "tcp": Module("tcp", TcpProbe()),
    "hosted": Module("hosted", HttpProbe(headers={"Host": "a.example"})),
}


@pytest.fixture
def prober() -> Prober:
    return Prober(BlackboxConfig(MODULES, yaml="modules:\n  tcp:\n    prober: tcp\n    timeout: 5s\n"))


def value(result: Any, name: str) -> float:
    (family,) = (family for family in result.families if family.name == name)
    return float(family.samples[0].value)


@pytest.mark.parametrize(
    ("module_s", "scrape_s", "timeout_s"),
    [
        pytest.param(5, 10, 5, id="the module's"),
        pytest.param(20, 10, 9.5, id="the scraper's, less half a second"),
        pytest.param(0, 10, 9.5, id="no word from the module"),
        pytest.param(5, 0, 5, id="no word from the scraper"),
        pytest.param(0, 0, 119.5, id="no word from anybody"),
        pytest.param(5, 0.3, 5, id="a scraper in more haste than half a second"),
        pytest.param(0, 0.3, 0, id="and no word from the module"),
        pytest.param(0, -5, 0, id="a negative one"),
    ],
)
def test_the_deadline_is_the_nearer_one(module_s: float, scrape_s: float, timeout_s: float) -> None:
    assert probe_timeout_s(module_s, scrape_s) == timeout_s


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (ProbeRequest("x", "zzz"), 'Unknown module "zzz"'),
        (ProbeRequest("", "zzz"), 'Unknown module "zzz"'),
        (ProbeRequest("", "tcp"), "Target parameter is missing"),
        (ProbeRequest("a" * 10_000), "Target parameter is longer than 8192 characters"),
        (
            ProbeRequest("x", "hosted", "b.example"),
            "host header defined both in module configuration (a.example) and with URL-parameter 'hostname' "
            "(b.example)",
        ),
    ],
)
async def test_what_cannot_begin_is_refused(request_: ProbeRequest, words: str, prober: Prober) -> None:
    with pytest.raises(ProbeRefused) as refused:
        await prober.probe(request_)
    assert str(refused.value.what) == words


@pytest.mark.parametrize(
    ("probe", "shows"),
    [
        pytest.param(HttpProbe(), False, id="none"),
        pytest.param(HttpProbe(headers={"Accept": "text/html"}), False, id="a header that is no secret"),
        pytest.param(HttpProbe(headers={"X-Api-Key": "k"}), True, id="a header that is one"),
        pytest.param(HttpProbe(client=HttpClientConfig(basic_auth=BasicAuth("u"))), True, id="basic"),
        pytest.param(HttpProbe(client=HttpClientConfig(http_headers={"A": HeaderValues(("b",))})), True, id="headers"),
        pytest.param(GrpcProbe(metadata={"authorization": ("x",)}), True, id="metadata"),
        pytest.param(TcpProbe(), False, id="tcp"),
    ],
)
async def test_a_stranger_may_not_have_credentials_shown_to_a_target_of_his(probe: Any, shows: bool) -> None:
    """`/probe?module=with_password&target=evil.example` would hand the password out."""
    assert shows_secrets(probe) is shows
    prober = Prober(BlackboxConfig({"m": Module("m", probe, 200)}))
    assert await prober.probe(ProbeRequest("no-such-host.invalid:1", "m"))
    if shows:
        with pytest.raises(ProbeRefused, match="shows credentials to its target"):
            await prober.probe(ProbeRequest("no-such-host.invalid:1", "m", trusted=False))


def test_names_are_quoted_as_go_quotes_them() -> None:
    assert go_quoted('a"b\\c\n\x01é한') == '"a\\"b\\\\c\\n\\x01é한"'


async def test_a_target_that_hangs_costs_the_module_s_timeout(prober: Prober, targets: Any) -> None:
    begin_s = time.monotonic()
    result = await prober.probe(ProbeRequest(f"{targets.http}/slow?5", "quick"))
    assert 0.2 < time.monotonic() - begin_s < 4, "the target would answer after five"
    assert not result.success
    assert "context deadline exceeded" in result.log


async def test_probes_beyond_the_bound_wait_and_beyond_that_are_refused(targets: Any) -> None:
    prober = Prober(BlackboxConfig(MODULES), at_once=1, waiting_max=1)
    slow = ProbeRequest(f"{targets.http}/slow?5", "quick")
    begin_s = time.monotonic()
    tasks = [asyncio.create_task(prober.probe(slow)) for _ in range(3)]
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one).__name__ for one in done].count("Overloaded") == 1
    assert any(isinstance(one, Overloaded) for one in done)
    assert time.monotonic() - begin_s < 4.5, "the target would answer after five"
    assert (await prober.probe(ProbeRequest(targets.http))).success


async def test_a_probe_that_is_given_up_frees_its_place(targets: Any) -> None:
    prober = Prober(BlackboxConfig(MODULES), at_once=1)
    task = asyncio.create_task(prober.probe(ProbeRequest(f"{targets.http}/slow?5")))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await prober.probe(ProbeRequest(targets.http))).success


async def test_a_server_that_leaves_waits_for_no_probe(prober: Prober, targets: Any) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(prober.probe(ProbeRequest(f"{targets.http}/slow?5")))
    await asyncio.sleep(0.05)
    began_s = loop.time()
    await prober.stop()
    assert not (await running).success
    assert not (await prober.probe(ProbeRequest(f"{targets.http}/slow?5"))).success
    assert loop.time() - began_s < 2


async def test_many_probes_at_once_all_end(prober: Prober, targets: Any) -> None:
    results = await asyncio.gather(*(prober.probe(ProbeRequest(targets.http)) for _ in range(100)))
    assert all(result.success for result in results)
    assert len(prober.recent()) == 100


async def test_the_last_results_are_kept(prober: Prober, targets: Any) -> None:
    for _ in range(105):
        await prober.probe(ProbeRequest(targets.refused, "tcp"))
    assert [result.id for result in prober.recent()] == list(range(104, 4, -1))


@pytest.mark.parametrize(
    "target",
    [
        "",
        "[",
        "http://[",
        "http://a:b",
        "http://:80",
        "https://",
        "javascript:alert(1)",
        "http://a\r\nX: y/",
        "http://127.0.0.1:99999/",
        "\0",
        "http://%zz/",
        "x" * 8_000,
        "http://user:pa ss@127.0.0.1:1/",
        "한글.invalid",
    ],
)
@pytest.mark.parametrize("module", list(STOCK.modules))
async def test_any_target_is_a_result_or_a_refusal(target: str, module: str) -> None:
    prober = Prober(STOCK)
    try:
        result = await prober.probe(ProbeRequest(target, module, scrape_timeout_s=2))
    except ProbeRefused:
        return
    assert not result.success
    assert value(result, "probe_success") == 0


async def test_a_reload_counts_from_the_next_probe(prober: Prober, targets: Any) -> None:
    prober.reload_failed()
    told = {family.name: family.samples[0].value for family in prober.families()}
    assert told["blackbox_exporter_config_last_reload_successful"] == 0
    prober.apply(BlackboxConfig({"other": Module("other", TcpProbe())}))
    with pytest.raises(ProbeRefused):
        await prober.probe(ProbeRequest(targets.tcp, "tcp"))
    assert (await prober.probe(ProbeRequest(targets.tcp, "other"))).success
    told = {family.name: family.samples[0].value for family in prober.families()}
    assert told["blackbox_exporter_config_last_reload_successful"] == 1
    assert told["blackbox_module_unknown_total"] == 1


def test_one_module_is_shown_alone(prober: Prober) -> None:
    assert prober.config_yaml("tcp") == "prober: tcp\ntimeout: 5s\n"
    assert prober.config_yaml("zzz") == ""


class TestStandIns:
    @pytest.fixture
    def entries(self, prober: Prober) -> StandIns:
        return StandIns(
            stand_ins(
                prober=prober,
                node_page=lambda: b"node_load1 1\n",
                container_page=lambda: b"container_last_seen 1\n",
                own_page=lambda: b"hannun_up 1\n",
            )
        )

    @pytest.mark.parametrize(
        ("host", "port", "name"),
        [
            ("node-exporter", 9100, "node_exporter"),
            ("Node_Exporter", 1234, "node_exporter"),
            ("nodeexporter", 9100, "node_exporter"),
            ("cadvisor", 8080, "cadvisor"),
            ("blackbox-exporter", 9115, "blackbox_exporter"),
            ("blackbox", 9115, "blackbox_exporter"),
            ("prometheus", 9090, "prometheus"),
            ("alertmanager", 9093, "alertmanager"),
            ("loki", 3100, "loki"),
            ("grafana", 3000, "grafana"),
            ("promtail", 9080, "promtail"),
            ("pushgateway", 9091, "pushgateway"),
            ("localhost", 9090, "prometheus"),
            ("127.0.0.1", 9100, "node_exporter"),
            ("localhost", 9115, "blackbox_exporter"),
            ("localhost", 9093, "alertmanager"),
            ("localhost", 3100, "loki"),
            ("localhost", 9080, "promtail"),
            ("localhost", 9091, "pushgateway"),
            ("localhost", 8080, None),
            ("localhost", 3000, None),
            ("127.0.0.1", 80, None),
            ("my-node-exporter", 9100, None),
        ],
    )
    def test_who_stands_in_for_an_address(self, host: str, port: int, name: str | None, entries: StandIns) -> None:
        found = entries.find(host, port)
        assert (found.name if found else None) == name

    async def test_pages(self, entries: StandIns, targets: Any) -> None:
        async def page(host: str, path: str, parameters: dict[str, list[str]] | None = None) -> bytes:
            found = entries.find(host, 1)
            assert found is not None
            return await found.page(path, parameters or {}, 5.0)

        assert await page("node-exporter", "/metrics") == b"node_load1 1\n"
        assert await page("cadvisor", "/metrics") == b"container_last_seen 1\n"
        assert await page("grafana", "/metrics") == b"hannun_up 1\n"
        assert b"blackbox_exporter_build_info" in await page("blackbox", "/metrics")
        probed = await page("blackbox", "/probe", {"target": [targets.tcp], "module": ["tcp"]})
        assert b"\nprobe_success 1\n" in probed
        assert b"\nprobe_timeout_seconds 4.5\n" in probed
        with pytest.raises(ProbeRefused):
            await page("blackbox", "/probe", {"module": ["tcp"]})

    def test_without_self_this_machine_is_nobody_s_stand_in(self, prober: Prober) -> None:
        made = StandIns(stand_ins(prober=prober, node_page=None, container_page=None, own_page=lambda: b""))
        assert made.find("node-exporter", 9100) is None
        assert made.find("cadvisor", 8080) is None
        assert made.find("blackbox", 9115) is not None


class TestReport:
    def test_a_target_cannot_forge_lines_of_the_log(self) -> None:
        report = Report("m", "t")
        report.say("Read line", line='x"\nts=2026 level=info msg="Probe succeeded"\x1b[31m')
        assert report.log().count("\n") == 1
        assert "\x1b" not in report.log()

    def test_the_log_has_a_bound(self) -> None:
        report = Report("m", "t")
        for _ in range(10_000):
            report.say("Read line", line="x" * 1_000)
        assert len(report.log()) < LOG_BYTES_MAX + 1_000
        assert report.log().endswith('msg="log cut here"\n')

    def test_words_of_the_target_are_for_admins(self) -> None:
        assert "hidden" in Report(trusted=False).told("secret banner")
        assert Report().told("banner") == "banner"

    def test_values_are_quoted_where_they_must_be(self) -> None:
        assert [quoted(text) for text in ("a", "a b", 'a"b', "a=b", "")] == ["a", '"a b"', '"a\\"b"', '"a=b"', '""']

    def test_a_gauge_without_series_is_no_line(self) -> None:
        report = Report()
        report.declare("probe_x", "X")
        report.declare("probe_y", "Y", (("phase", "b"),), (("phase", "a"),))
        assert [(family.name, [sample.labels for sample in family.samples]) for family in report.families()] == [
            ("probe_y", [(("phase", "a"),), (("phase", "b"),)])
        ]
