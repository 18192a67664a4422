"""The services that Hannun watches by asking them, each set by one URL: `services:` in hannun.yml.

    services:
      postgres: postgresql://hannun:${PG_PASSWORD}@db.example/shop
      cache: {url: "redis://cache.example", labels: {env: prod}, interval: 30s}

The URL's scheme says what kind of service it is. Variables are filled in after the URL was taken apart, so that a
password from the environment may hold any character. Passwords are in no `repr`, and `shown` is the URL without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from hannun.config.complaint import Complaint, nearest, quote
from hannun.config.http_client import HIDDEN, Secret
from hannun.config.values import BadValue, duration_ms
from hannun.config.yaml import Map, Node, Scalar, Seq, expand
from hannun.model.text import Text

Tls = Literal["off", "prefer", "on", "verified"]
"""`prefer`: if the server offers it; `on`: demanded, whoever answers; `verified`: and its certificate is checked."""

URL_MAX = 4096
INTERVAL_MS = 15_000
TIMEOUT_MS = 5_000
SERVICES_MAX = 200
"""Each has a thread of its own."""

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,127}")
_KEYS = ("url", "name", "type", "labels", "interval", "timeout", "password_file", "tls", "ca_file")


@dataclass(frozen=True, slots=True)
class Kind:
    """`schemes` -> the TLS that each means by itself. `over_http`: asked over HTTP, so its URL has a real path."""

    name: str
    schemes: Mapping[str, Tls]
    port: int
    example: str
    over_http: bool = False
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


KINDS: tuple[Kind, ...] = (
    Kind(
        "postgres",
        {"postgresql": "prefer", "postgres": "prefer"},
        5432,
        "postgresql://user:password@host:5432/database",
        user="postgres",
    ),
    Kind("mysql", {"mysql": "prefer", "mariadb": "prefer"}, 3306, "mysql://user:password@host:3306", user="root"),
    Kind(
        "redis",
        {"redis": "off", "rediss": "verified", "valkey": "off", "valkeys": "verified"},
        6379,
        "redis://host:6379",
    ),
    Kind(
        "nginx",
        {"nginx": "off", "nginx+http": "off", "nginx+https": "verified"},
        80,
        "nginx://host/stub_status",
        over_http=True,
        path="/stub_status",
    ),
    Kind(
        "rabbitmq",
        {"rabbitmq": "off", "rabbitmq+http": "off", "rabbitmq+https": "verified"},
        15672,
        "rabbitmq://user:password@host:15672",
        over_http=True,
        # What every broker has until somebody changes it, and takes from its own machine only.
        user="guest",
        password="guest",  # noqa: S106
    ),
    Kind("memcached", {"memcached": "off", "memcache": "off"}, 11211, "memcached://host:11211"),
)
BY_SCHEME = {scheme: kind for kind in KINDS for scheme in kind.schemes}
BY_NAME = {kind.name: kind for kind in KINDS} | {"postgresql": KINDS[0], "mariadb": KINDS[1], "valkey": KINDS[2]}
_HTTPS_PORT = 443
_SSL_MODES: Mapping[str, Tls] = {
    "disable": "off",
    "allow": "prefer",
    "prefer": "prefer",
    "require": "on",
    "verify-ca": "verified",
    "verify-full": "verified",
    "off": "off",
    "on": "on",
    "verified": "verified",
}


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """Where a service is and how to come in. `socket` is the path of a Unix socket, "" where host and port count.

    `path` is the database of a database server, the path with its query where the service is asked over HTTP.
    """

    kind: str
    host: str
    port: int
    user: str = ""
    password: Secret = field(default=Secret(), repr=False)
    path: str = ""
    socket: str = ""
    tls: Tls = "off"
    ca_file: Path | None = None

    @property
    def instance(self) -> str:
        """The `instance` label: host and port, or the socket."""
        if self.socket:
            return self.socket
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """For status pages, logs and errors."""
        user = f"{self.user}{f':{HIDDEN}' if self.password else ''}@" if self.user or self.password else ""
        path = self.path if self.path.startswith("/") else f"/{self.path}" if self.path else ""
        return f"{self.kind}://{user}{self.instance}{path}"

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """One entry of `services:`. `name` becomes the `job` of its series."""

    name: str
    url: ServiceUrl
    interval_ms: int = INTERVAL_MS
    timeout_ms: int = TIMEOUT_MS
    labels: Mapping[str, str] = field(default_factory=dict)


def parse_url(words: str, env: Mapping[str, str] | None = None, *, kind: str = "") -> ServiceUrl:
    """`kind` says what an http(s) URL leads to. Raises BadValue; its words never hold the URL's password."""
    variables = env or {}
    text = words.strip()
    if text.startswith("${") and text.endswith("}") and text.count("${") == 1:
        text = _filled(text, variables).strip()
    if len(text) > URL_MAX or not text.isprintable() or "://" not in text:
        raise BadValue(*_no_url(kind))
    scheme, _, rest = text.partition("://")
    found = _kind_of(scheme.lower(), kind)
    tls: Tls = found.schemes.get(scheme.lower()) or ("verified" if scheme.lower() == "https" else "off")
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:
        raise BadValue(*_no_url(found.name)) from None
    credentials, at, place = parts.netloc.rpartition("@")
    user, colon, password = credentials.partition(":")
    host, port = _host_port(_filled(place, variables), found, tls if found.over_http else "off")
    url = ServiceUrl(
        found.name,
        host,
        port,
        _filled(unquote(user), variables) if at else found.user,
        Secret(_filled(unquote(password), variables)) if colon else Secret("" if at else found.password),
        tls=tls,
    )
    path = _filled(unquote(parts.path), variables)
    if found.over_http:
        return replace(
            url, path=(path if path != "/" else "") + (f"?{parts.query}" if parts.query else "") or found.path
        )
    return _options(replace(url, path=path.strip("/")), parts.query, variables, found)


def _kind_of(scheme: str, kind: str) -> Kind:
    if scheme in BY_SCHEME:
        return BY_SCHEME[scheme]
    told = BY_NAME.get(kind)
    if scheme in ("http", "https"):
        if told is not None and told.over_http:
            return told
        raise BadValue(
            "http says nothing about the service behind it; write nginx://host/stub_status, rabbitmq://host:15672 or "
            "add `type: nginx`. An exporter's own page belongs into prometheus.yml",
            "http만으로는 어떤 서비스인지 알 수 없습니다. nginx://host/stub_status, rabbitmq://host:15672처럼 적거나 "
            "`type: nginx`를 더해 주세요. 익스포터의 페이지는 prometheus.yml에 적습니다",
        )
    if scheme in ("amqp", "amqps"):
        raise BadValue(
            "amqp is RabbitMQ's way for messages; its numbers are in the management API: rabbitmq://user:password@host:15672",
            "amqp는 메시지를 주고받는 통로입니다. 지표는 관리 API에 있습니다: rabbitmq://user:password@host:15672",
        )
    near = nearest(scheme, BY_SCHEME)
    examples = ", ".join(each.example.partition("://")[0] for each in KINDS)
    raise BadValue(
        f"{quote(scheme)} is no service that we can ask" + (f"; did you mean {near}?" if near else f" ({examples})"),
        f"{quote(scheme)}: 알 수 없는 서비스입니다" + (f". {near} 아닌가요?" if near else f" ({examples})"),
    )


def _host_port(place: str, kind: Kind, tls: Tls) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if place.endswith("]") or not colon:
        host, port = place, ""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise BadValue(
            f"{quote(place)}: an IPv6 address stands in brackets, [{host}]",
            f"{quote(place)}: IPv6 주소는 대괄호로 묶어 주세요",
        )
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise BadValue(f"{quote(port)} is no port", f"{quote(port)}: 포트 번호가 아닙니다")
    if any(letter.isspace() or letter in "\"'<>\\/" for letter in host):
        raise BadValue(f"{quote(host)} is no host name", f"{quote(host)}: 호스트 이름이 아닙니다")
    fallback = _HTTPS_PORT if kind.name == "nginx" and tls == "verified" else kind.port
    return host or "localhost", int(port) if port else fallback


def _options(url: ServiceUrl, query: str, env: Mapping[str, str], kind: Kind) -> ServiceUrl:
    for key, raw in parse_qsl(query, keep_blank_values=True, max_num_fields=50):
        value = _filled(raw, env)
        match key.lower():
            case "sslmode" | "ssl-mode" | "ssl_mode" | "tls" if value.lower() in _SSL_MODES:
                url = replace(url, tls=_SSL_MODES[value.lower()])
            case "sslmode" | "ssl-mode" | "ssl_mode" | "tls":
                raise BadValue(
                    f"{quote(key)}: write off, prefer, on or verified",
                    f"{quote(key)}: off, prefer, on, verified 가운데 하나로 적어 주세요",
                )
            case "sslrootcert" | "ssl-ca" | "ssl_ca" | "ca_file":
                url = replace(url, ca_file=Path(value))
            case "socket" | "unix_socket":
                url = replace(url, socket=value)
            case "host" if value.startswith("/") and kind.name == "postgres":
                # libpq names the folder; the socket in it is named for the port.
                url = replace(url, socket=f"{value.rstrip('/')}/.s.PGSQL.{url.port}")
            case "user":
                url = replace(url, user=value)
            case "password":
                url = replace(url, password=Secret(value))
            case "application_name" | "connect_timeout" | "charset" | "db":
                pass  # Part of many people's URLs; means nothing to us.
            case _:
                raise BadValue(
                    f"{quote(key)} is no option here; known are tls, ca_file, socket",
                    f"{quote(key)}: 알 수 없는 옵션입니다. 쓸 수 있는 것은 tls, ca_file, socket입니다",
                )
    return url


def _filled(words: str, env: Mapping[str, str]) -> str:
    filled, missing = expand(words, env)
    if missing:
        names = ", ".join(missing[:5])
        raise BadValue(f"the variable {names} is not set", f"환경 변수 {names}: 값이 없습니다")
    return filled


def _no_url(kind: str) -> tuple[str, str]:
    example = BY_NAME[kind].example if kind in BY_NAME else KINDS[0].example
    return f"not the URL of a service; write {example}", f"서비스의 URL이 아닙니다. {example} 처럼 적어 주세요"


def read_services(
    node: Node, file: str, env: Mapping[str, str], base: Path
) -> tuple[tuple[ServiceConfig, ...], tuple[Complaint, ...]]:
    """The value of `services:`, a mapping by name or a list; `base` is where relative paths start from.

    An entry that cannot be used is a fatal complaint with its line; an unknown key is a warning.
    """
    found: dict[tuple[str, str], ServiceConfig] = {}
    complaints: list[Complaint] = []
    for name, line, entry in _entries(node, file, complaints):
        try:
            service = _service(name, entry, file, env, base, complaints)
        except BadValue as err:
            complaints.append(Complaint(file, line, err.text, fatal=True))
            continue
        if found.setdefault((service.name, service.url.instance), service) is not service:
            said = quote(f"{service.name} {service.url.instance}")
            text = Text(
                en=f"{said} stands here twice; give one another name",
                ko=f"{said}: 두 번 적혀 있습니다. 이름을 다르게 해 주세요",
            )
            complaints.append(Complaint(file, line, text, fatal=True))
    if len(found) > SERVICES_MAX:
        text = Text(en=f"more than {SERVICES_MAX} services", ko=f"서비스가 {SERVICES_MAX}개를 넘습니다")
        complaints.append(Complaint(file, node.line, text, fatal=True))
    return tuple(found.values()), tuple(complaints)


def _entries(node: Node, file: str, complaints: list[Complaint]) -> Iterator[tuple[str, int, Node]]:
    match node:
        case Map():
            for entry in node:
                yield entry.key, entry.line, entry.value
        case Seq():
            for item in node:
                yield "", item.line, item
        case Scalar(is_null=True):
            return
        case _:
            text = Text(
                en=f"write each service by its name and URL, postgres: {KINDS[0].example}",
                ko=f"서비스마다 이름과 URL을 적어 주세요. postgres: {KINDS[0].example}",
            )
            complaints.append(Complaint(file, node.line, text, fatal=True))


def _service(
    name: str, node: Node, file: str, env: Mapping[str, str], base: Path, complaints: list[Complaint]
) -> ServiceConfig:
    if isinstance(node, Scalar):
        url = parse_url(node.text, env, kind=name)
        return ServiceConfig(_job(name or url.kind), url)
    if not isinstance(node, Map):
        raise BadValue(*_no_url(name))
    for entry in node:
        if entry.key not in _KEYS:
            near = nearest(entry.key, _KEYS)
            en, ko = (f"; did you mean {near}?", f". {near} 아닌가요?") if near else ("", "")
            said = quote(entry.key)
            text = Text(en=f"{said} is no key of a service{en}", ko=f"{said}: 서비스에 쓸 수 있는 키가 아닙니다{ko}")
            complaints.append(Complaint(file, entry.line, text))
    words = {entry.key: _filled(entry.value.text, env) for entry in node if isinstance(entry.value, Scalar)}
    written = node.get("url")
    url = parse_url(
        written.text if isinstance(written, Scalar) else "",
        env,
        kind=words.get("type") or name or words.get("name", ""),
    )
    if path := words.get("password_file"):
        url = replace(url, password=Secret(file=base / path))
    if path := words.get("ca_file"):
        url = replace(url, ca_file=base / path)
    elif url.ca_file is not None:
        url = replace(url, ca_file=base / url.ca_file)
    if mode := words.get("tls"):
        if mode.lower() not in _SSL_MODES:
            raise BadValue(
                f"{quote(mode)}: write off, prefer, on or verified",
                f"{quote(mode)}: off, prefer, on, verified 가운데 하나로 적어 주세요",
            )
        url = replace(url, tls=_SSL_MODES[mode.lower()])
    interval_ms = duration_ms(words["interval"], base) if "interval" in words else INTERVAL_MS
    timeout_ms = duration_ms(words["timeout"], base) if "timeout" in words else min(TIMEOUT_MS, interval_ms)
    if interval_ms < 1_000 or not 0 < timeout_ms <= interval_ms:
        raise BadValue(
            "the interval is at least 1s, and the timeout no longer than the interval",
            "interval은 1s 이상이어야 하고, timeout은 interval보다 길 수 없습니다",
        )
    return ServiceConfig(
        _job(name or words.get("name") or url.kind), url, interval_ms, timeout_ms, _labels(node.get("labels"), env)
    )


def _job(name: str) -> str:
    if not name or len(name) > 128 or not name.isprintable():
        raise BadValue(f"{quote(name)} is no name for a service", f"{quote(name)}: 서비스 이름으로 쓸 수 없습니다")
    return name


def _labels(node: Node | None, env: Mapping[str, str]) -> dict[str, str]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, Map) or len(node.entries) > 30:
        raise BadValue("labels: write at most 30 of them as name: value", "labels: 이름: 값 꼴로 30개까지 적어 주세요")
    labels: dict[str, str] = {}
    for entry in node:
        if not _LABEL.fullmatch(entry.key) or entry.key.startswith("__") or entry.key in ("job", "instance"):
            raise BadValue(f"{quote(entry.key)} cannot be a label here", f"{quote(entry.key)}: 라벨로 쓸 수 없습니다")
        if not isinstance(entry.value, Scalar):
            raise BadValue(
                f"the label {quote(entry.key)} has no text", f"{quote(entry.key)} 라벨: 값이 텍스트가 아닙니다"
            )
        labels[entry.key] = _filled(entry.value.text, env)
    return labels
