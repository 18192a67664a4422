"""`services:` of hannun.yml: one URL says which service, where, and how to come in."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.config import yaml
from hannun.config.http_client import Secret
from hannun.config.services import KINDS, ServiceConfig, ServiceUrl, parse_url, read_services
from hannun.config.values import BadValue
from hannun.testing.pages import LANGS, pages

ENV = {"PW": "p@ss/w:rd%41", "PORT": "5433", "URL": "redis://env.example:7000", "H": "db.example"}


@pytest.mark.parametrize(
    ("words", "url"),
    [
        pytest.param(
            "postgresql://bob:pw@db.example:5433/shop",
            ServiceUrl("postgres", "db.example", 5433, "bob", Secret("pw"), "shop", tls="prefer"),
            id="everything",
        ),
        pytest.param("postgres://db", ServiceUrl("postgres", "db", 5432, "postgres", tls="prefer"), id="defaults"),
        pytest.param(
            "postgresql://bob@/shop?host=/run/pg&sslmode=disable",
            ServiceUrl("postgres", "localhost", 5432, "bob", path="shop", socket="/run/pg/.s.PGSQL.5432"),
            id="libpq's folder of the socket",
        ),
        pytest.param(
            "postgresql://db/x?sslmode=verify-full&sslrootcert=ca.pem",
            ServiceUrl("postgres", "db", 5432, "postgres", path="x", tls="verified", ca_file=Path("ca.pem")),
            id="libpq's TLS words",
        ),
        pytest.param(
            "mysql://b%40b:p%2Fw@[::1]:3307/",
            ServiceUrl("mysql", "::1", 3307, "b@b", Secret("p/w"), tls="prefer"),
            id="escapes, IPv6",
        ),
        pytest.param(
            "mariadb://root@localhost?unix_socket=/run/my.sock",
            ServiceUrl("mysql", "localhost", 3306, "root", socket="/run/my.sock", tls="prefer"),
            id="a socket",
        ),
        pytest.param(
            "rediss://:pw@cache",
            ServiceUrl("redis", "cache", 6379, "", Secret("pw"), tls="verified"),
            id="redis over TLS",
        ),
        pytest.param("nginx://web", ServiceUrl("nginx", "web", 80, path="/stub_status"), id="nginx's usual path"),
        pytest.param(
            "nginx+https://web/status?x=1",
            ServiceUrl("nginx", "web", 443, path="/status?x=1", tls="verified"),
            id="nginx over TLS, path and query kept",
        ),
        pytest.param(
            "rabbitmq://mq", ServiceUrl("rabbitmq", "mq", 15672, "guest", Secret("guest")), id="RabbitMQ's first user"
        ),
        pytest.param("memcached://mc", ServiceUrl("memcached", "mc", 11211), id="memcached"),
        pytest.param(
            "postgresql://bob:${PW}@${H}:${PORT}",
            ServiceUrl("postgres", "db.example", 5433, "bob", Secret("p@ss/w:rd%41"), tls="prefer"),
            id="variables may hold any character",
        ),
        pytest.param("${URL}", ServiceUrl("redis", "env.example", 7000), id="the whole URL from a variable"),
    ],
)
def test_urls(words: str, url: ServiceUrl) -> None:
    assert parse_url(words, ENV) == url


def test_an_http_url_needs_to_be_told_what_it_is() -> None:
    assert parse_url("http://web/status", kind="nginx") == ServiceUrl("nginx", "web", 80, path="/status")
    assert parse_url("https://mq", kind="rabbitmq").tls == "verified"
    with pytest.raises(BadValue, match="type: nginx"):
        parse_url("http://web/status")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "not the URL of a service; write postgresql://"),
        ("localhost:5432", "not the URL of a service"),
        ("postgrsql://x", "did you mean postgresql?"),
        ("mongodb://x", "no service that we can ask"),
        ("amqp://guest:guest@mq:5672", "management API"),
        ("redis://h:99999", '"99999" is no port'),
        ("redis://h:${PORT_X}", "PORT_X is not set"),
        ("redis://::1:6379", "in brackets"),
        ("redis://[::1", "not the URL"),
        ("redis://h?tls=maybe", "off, prefer, on or verified"),
        ("redis://h?colour=red", "no option here"),
        ("redis://h" + "x" * 5000, "not the URL"),
    ],
)
def test_what_cannot_be_meant_is_explained(words: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_url(words, ENV)
    assert said in str(caught.value)
    assert caught.value.say("ko") != str(caught.value)


def test_a_password_is_nowhere_to_be_seen() -> None:
    url = parse_url("postgresql://bob:s3cret@db/shop")
    assert url.shown == str(url) == "postgres://bob:<secret>@db:5432/shop"
    assert "s3cret" not in repr(url) + repr(ServiceConfig("x", url))


def test_every_example_is_read_as_its_own_kind() -> None:
    for kind in KINDS:
        assert parse_url(kind.example).kind == kind.name


@given(st.text(max_size=60), st.sampled_from(["", "redis://", "postgresql://", "nginx://u:p@"]))
def test_any_words_are_a_url_or_a_bad_value(words: str, scheme: str) -> None:
    with contextlib.suppress(BadValue):
        assert 0 < parse_url(scheme + words).port < 65536


def read(text: str) -> tuple[tuple[ServiceConfig, ...], list[str]]:
    root = yaml.load(text, "hannun.yml").root
    assert root is not None
    services, complaints = read_services(root, "hannun.yml", ENV, Path("/etc/hannun"))
    return services, [f"{each}{' !' if each.fatal else ''}" for each in complaints]


def test_a_mapping_by_name_and_a_list_are_both_taken() -> None:
    services, complaints = read(
        "postgres: postgresql://db\ncache: {url: 'redis://c', labels: {env: prod}, interval: 1m}\n"
    )
    assert complaints == []
    assert [(each.name, each.url.instance, each.interval_ms, dict(each.labels)) for each in services] == [
        ("postgres", "db:5432", 15_000, {}),
        ("cache", "c:6379", 60_000, {"env": "prod"}),
    ]
    services, complaints = read("- redis://a\n- {url: 'http://web/s', type: nginx, name: front, timeout: 2s}\n")
    assert complaints == []
    assert [(each.name, each.url.kind, each.timeout_ms) for each in services] == [
        ("redis", "redis", 5_000),
        ("front", "nginx", 2_000),
    ]


def test_files_stand_beside_the_config() -> None:
    (service,), _ = read("db: {url: 'postgresql://bob@db', password_file: pw, ca_file: ca.pem, tls: verified}\n")
    assert service.url.password == Secret(file=Path("/etc/hannun/pw"))
    assert (service.url.ca_file, service.url.tls) == (Path("/etc/hannun/ca.pem"), "verified")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgres\n", "hannun.yml:1: write each service by its name and URL"),
        ("a: redis://h\nb: oops\n", "hannun.yml:2: not the URL of a service"),
        (
            "a: {url: 'redis://h', intervall: 5s}\n",
            'hannun.yml:1: "intervall" is no key of a service; did you mean interval?',
        ),
        ("a: {url: 'redis://h', interval: 10s, timeout: 20s}\n", "no longer than the interval"),
        ("a: {url: 'redis://h', interval: 15}\n", "has no unit"),
        ("a: {url: 'redis://h', labels: {job: x}}\n", '"job" cannot be a label here'),
        ("a: {url: 'redis://h', labels: [x]}\n", "name: value"),
        ("a: {url: 'redis://h', tls: maybe}\n", "off, prefer, on or verified"),
        ("a: [1]\n", "not the URL"),
        ("- redis://h\n- redis://h:6379\n", 'hannun.yml:2: "redis h:6379" stands here twice'),
    ],
)
def test_complaints_have_their_line(text: str, said: str) -> None:
    _, complaints = read(text)
    assert len(complaints) == 1
    assert said in complaints[0]
    assert complaints[0].endswith(" !") == ("intervall" not in text)


@pytest.mark.parametrize("lang", LANGS)
def test_the_guide_shows_what_is_read(lang: str) -> None:
    (page,) = (page for page in pages(lang) if page.name == "guide/services.md")
    variables = {f"{name}_PASSWORD": "pw" for name in ("PG", "MYSQL", "REDIS", "MQ")}
    found = []
    for block in page.blocks:
        root = yaml.load(block.text, page.name).root if block.kind == "yaml" else None
        if isinstance(root, yaml.Map) and (node := root.get("services")) is not None:
            services, complaints = read_services(node, page.name, variables, Path("/etc/hannun"))
            assert complaints == ()
            found += services
    assert [service.url.kind for service in found[:-1]] == [kind.name for kind in KINDS]
    assert (found[-1].interval_ms, found[-1].url.tls) == (30_000, "verified")
