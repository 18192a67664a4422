"""The http prober where blackbox_exporter 0.23 cannot be asked: HTTP/2, cookies, credentials, hostile bodies."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from hannun.collect.http_client.url import Url
from hannun.collect.probe import Prober
from hannun.collect.probe.http_cookies import COOKIES_MAX, Jar
from hannun.config.blackbox.model import BlackboxConfig, HttpProbe, IpChoice, Module
from hannun.config.http_client import BasicAuth, HttpClientConfig, Secret, TlsConfig
from hannun.model.probe import ProbeRequest, ProbeResult

SKIP = HttpClientConfig(tls=TlsConfig(insecure_skip_verify=True))


async def run(probe: HttpProbe, target: str, *, timeout_s: float = 10, **request: Any) -> ProbeResult:
    prober = Prober(BlackboxConfig({"m": Module("m", probe, timeout_ms=round(timeout_s * 1000))}))
    return await prober.probe(ProbeRequest(target, "m", **request))


def told(result: ProbeResult) -> dict[str, float]:
    """Name, or name and phase, -> value."""
    return {
        " ".join((sample.name, *(value for name, value in sample.labels if name == "phase"))): sample.value
        for family in result.families
        for sample in family.samples
    }


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(answer: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def saying(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return serve


async def speak_h2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    speaker = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    speaker.initiate_connection()
    writer.write(speaker.data_to_send())
    while data := await reader.read(65_536):
        for event in speaker.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                speaker.send_headers(event.stream_id, [(":status", "200"), ("content-length", "5")])
                speaker.send_data(event.stream_id, b"hello", end_stream=True)
        writer.write(speaker.data_to_send())


@pytest.fixture(scope="module")
def h2_context(targets: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(targets.ca_file, Path(targets.ca_file).with_name("key.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def test_http_2_is_spoken_where_the_server_offers_it(h2_context: ssl.SSLContext) -> None:
    async with serving(speak_h2, h2_context) as at:
        result = await run(HttpProbe(client=SKIP, valid_http_versions=("HTTP/2.0",)), f"https://{at}")
    values = told(result)
    assert result.success, result.log
    assert values["probe_http_version"] == 2
    assert values["probe_http_content_length"] == values["probe_http_uncompressed_body_length"] == 5
    assert all(values[f"probe_http_duration_seconds {phase}"] > 0 for phase in ("connect", "tls", "processing"))


async def test_http_2_can_be_switched_off(h2_context: ssl.SSLContext) -> None:
    off = HttpClientConfig(tls=TlsConfig(insecure_skip_verify=True), enable_http2=False)
    seen: list[str | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(reader, writer)

    async with serving(serve, h2_context) as at:
        result = await run(HttpProbe(client=off), f"https://{at}")
    assert told(result)["probe_http_version"] == 1.1
    assert seen == ["http/1.1"]


async def test_phases_are_those_of_the_target_and_make_up_the_probe() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.write(b"cd")

    async with serving(slow) as at:
        await run(HttpProbe(), at)  # what is loaded at the first probe is not the target's time
        values = told(await run(HttpProbe(), at))
    assert 0.09 < values["probe_http_duration_seconds processing"] < 1
    assert 0.19 < values["probe_http_duration_seconds transfer"] < 1
    phases = sum(value for name, value in values.items() if name.startswith("probe_http_duration_seconds"))
    assert phases <= values["probe_duration_seconds"]


async def test_a_body_that_never_ends_costs_the_timeout_and_keeps_what_the_head_told() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 1_000)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(endless) as at:
        result = await run(HttpProbe(), at, timeout_s=0.4)
    values = told(result)
    assert not result.success
    assert values["probe_http_status_code"] == 200
    assert values["probe_http_content_length"] == -1
    assert values["probe_http_duration_seconds processing"] > 0


async def test_a_body_for_patterns_is_kept_up_to_a_bound() -> None:
    async def huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    async with serving(huge) as at:
        result = await run(HttpProbe(fail_if_body_not_matches_regexp=("y",)), at)
    assert not result.success
    assert "longer than 16 MiB" in result.log
    assert told(result)["probe_failed_due_to_regex"] == 1


async def test_a_bomb_costs_its_limit_and_no_more() -> None:
    bomb = gzip.compress(bytes(200 << 20), compresslevel=9)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with serving(saying(head + bomb)) as at:
        result = await run(HttpProbe(compression="gzip"), at)
    assert not result.success
    assert told(result)["probe_http_uncompressed_body_length"] == 16 << 20


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff" * 500, id="noise"),
        pytest.param(b"HTTP/1.1 999999 OK\r\n\r\n", id="a status of six digits"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, id="headers without end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", id="a negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="two lengths"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", id="a location that is no URL"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", id="a location of another kind"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: gopher://a:1/\r\n\r\n", id="gopher"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", id="a chunk of no size"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="another protocol"),
    ],
)
async def test_any_answer_is_a_failed_probe(answer: bytes) -> None:
    async with serving(saying(answer)) as at:
        result = await run(HttpProbe(), at, timeout_s=3)
    assert not result.success
    assert told(result)["probe_success"] == 0


@pytest.mark.parametrize(
    "moment", ["Wed, 21 Oct 2015 07:28:00 GMT", "nonsense", "Wed, 99 Oct 99999 07:28:00 GMT", "-1"]
)
async def test_last_modified_is_told_when_it_is_a_moment(moment: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nLast-Modified: {moment}\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(saying(answer)) as at:
        values = told(await run(HttpProbe(), at))
    assert values.get("probe_http_last_modified_timestamp_seconds") == (1_445_412_480 if "2015" in moment else None)


async def test_credentials_stay_with_their_host(targets: Any) -> None:
    """`localhost` and 127.0.0.1 are two hosts, as far as a password is concerned."""
    basic = HttpClientConfig(basic_auth=BasicAuth("u", password=Secret("p")))
    elsewhere = f"http://localhost:{targets.http.rpartition(':')[2]}/"
    targets.seen.clear()
    assert (await run(HttpProbe(client=basic, ip=IpChoice("ip4")), f"{targets.http}/redirect?{elsewhere}")).success
    assert ["Authorization" in headers for _, _, headers, _ in targets.seen] == [True, False]
    targets.seen.clear()
    assert (await run(HttpProbe(client=basic), f"{targets.http}/redirect")).success
    assert ["Authorization" in headers for _, _, headers, _ in targets.seen] == [True, True]


async def test_the_caller_s_host_name_is_sent_and_asked_for_in_tls(targets: Any) -> None:
    targets.seen.clear()
    result = await run(HttpProbe(client=SKIP), f"https://{targets.https}", hostname="shop.example")
    assert result.success
    assert targets.seen[-1][2]["Host"] == "shop.example"
    only_localhost = HttpClientConfig(tls=TlsConfig(ca_file=targets.ca_file))
    assert (await run(HttpProbe(client=only_localhost), f"https://{targets.https}", hostname="localhost")).success
    assert not (await run(HttpProbe(client=only_localhost), f"https://{targets.https}", hostname="b.example")).success


async def test_a_body_file_is_read_at_each_probe(targets: Any, tmp_path: Path) -> None:
    file = tmp_path / "body"
    for content in ("one", "two"):
        file.write_text(content)
        await run(HttpProbe(method="POST", body_file=file), targets.http)
        assert targets.seen[-1][3] == content.encode()
    file.unlink()
    result = await run(HttpProbe(method="POST", body_file=file), targets.http)
    assert not result.success
    assert "No such file" in result.log


async def test_rules_in_cel_are_told_in_their_own_gauge(targets: Any) -> None:
    good = await run(HttpProbe(fail_if_body_json_not_matches_cel="body.status == 'ok'"), f"{targets.http}/json")
    bad = await run(HttpProbe(fail_if_body_json_matches_cel="body.load < 1.0"), f"{targets.http}/json")
    assert (good.success, told(good)["probe_failed_due_to_cel"]) == (True, 0)
    assert (bad.success, told(bad)["probe_failed_due_to_cel"]) == (False, 1)
    assert "probe_failed_due_to_cel" not in told(await run(HttpProbe(), targets.http))


async def test_a_regex_bomb_ends(targets: Any) -> None:
    begin_s = time.process_time()
    probe = HttpProbe(fail_if_body_matches_regexp=("(x+x+)+y", "(x*)*z"))
    assert (await run(probe, f"{targets.http}/long")).success
    assert time.process_time() - begin_s < 5


async def test_a_stranger_is_not_sent_to_our_own_addresses(targets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = await run(HttpProbe(), targets.http, trusted=False)
    assert not direct.success
    assert "only an admin" in direct.log
    # A public address that sends on to a private one.
    monkeypatch.setattr("hannun.collect.probe.address.private_to_us", lambda ip: str(ip) == "127.0.0.9")
    onward = await run(HttpProbe(), f"{targets.http}/redirect?http://127.0.0.9:1/", trusted=False)
    assert not onward.success
    assert "127.0.0.9 may be probed by an admin only" in onward.log
    assert "http://127.0.0.9:1/" not in onward.log.split("Received redirect")[1].splitlines()[0]


def test_probes_leave_no_thread_behind(targets: Any) -> None:
    asyncio.run(run(HttpProbe(), targets.http))
    before = threading.active_count()
    for _ in range(5):
        asyncio.run(run(HttpProbe(), targets.http))
    assert threading.active_count() <= before + 1


class TestCookies:
    HOME = Url.parse("https://www.shop.example/")

    @pytest.mark.parametrize(
        ("line", "url", "header"),
        [
            ("a=1; Path=/", "https://www.shop.example/x", "a=1"),
            ("a=1", "https://shop.example/", ""),
            ("a=1; Domain=shop.example", "https://pay.shop.example/", "a=1"),
            ("a=1; Domain=.shop.example", "https://shop.example/", "a=1"),
            ("a=1; Domain=example", "https://other.example/", ""),
            ("a=1; Domain=bank.example", "https://bank.example/", ""),
            ("a=1; Secure", "http://www.shop.example/", ""),
            ("=1", "https://www.shop.example/", ""),
            ("a\r\nX: 1=1", "https://www.shop.example/", ""),
        ],
    )
    def test_a_cookie_goes_where_it_belongs(self, line: str, url: str, header: str) -> None:
        jar = Jar()
        jar.keep(self.HOME, [line])
        assert jar.header(Url.parse(url)) == header

    def test_a_cookie_is_replaced_and_removed(self) -> None:
        jar = Jar()
        jar.keep(self.HOME, ["a=1", "b=2", "a=3", "b=; Max-Age=0"])
        assert jar.header(self.HOME) == "a=3"

    def test_the_number_of_cookies_is_bounded(self) -> None:
        jar = Jar()
        jar.keep(self.HOME, [f"c{number}=1" for number in range(1_000)])
        assert jar.header(self.HOME).count("=") == COOKIES_MAX
