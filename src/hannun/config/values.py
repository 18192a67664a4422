"""How the user's words become values: sizes, durations, addresses, networks, zones.

Each reader takes the words and raises BadValue with a sentence in both languages that quotes them and shows the form
that is expected. Pure, except `file` and `zone`, which look whether what was named exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from hannun.config.complaint import quote
from hannun.model.errors import ConfigError
from hannun.model.text import Lang, Text
from hannun.model.time import DURATION_MS_MAX, parse_duration_ms

Network = IPv4Network | IPv6Network
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

SIZE_MAX = 1 << 62
WORDS_MAX = 4096
_UNITS = {
    "": 1,
    "b": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgtp", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgtp", 1)},
    # A bare letter is what `-Xmx1G`, `docker -m 1g` and systemd mean by it: powers of 1024.
    **{letter: 1024**power for power, letter in enumerate("kmgtp", 1)},
}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]{0,3})")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))*\.?"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class BadValue(ConfigError):
    """Words that are no value of this kind. The caller adds the place; `about` names the setting where only the
    words know it."""

    def __init__(self, en: str, ko: str, *, about: str = "") -> None:
        super().__init__(Text(en=en, ko=ko))
        self.text = Text(en=en, ko=ko)
        self.about = about


@dataclass(frozen=True, slots=True)
class Share:
    """A part of something whose size is known only on the machine: `5%`."""

    percent: float

    def of(self, whole: int) -> int:
        return int(whole * self.percent / 100)

    def __str__(self) -> str:
        return f"{self.percent:g}%"


Amount = int | Share
"""Bytes, or a share of what there is."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. An empty host is every interface; port 0 lets the system choose one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can reach it."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def near(self) -> Address:
        """Where this machine itself connects: every-interface addresses become loopback."""
        if not self.host:
            return Address("127.0.0.1", self.port)
        try:
            ip = ip_address(self.host)
        except ValueError:
            return self
        if not ip.is_unspecified:
            return self
        return Address("127.0.0.1" if ip.version == 4 else "::1", self.port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ExternalUrl:
    """The address that people and clients use. `path` is "" or begins with a slash and ends without one."""

    scheme: Literal["http", "https"]
    host: str
    port: int | None
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def size(words: str, _base: Path) -> int:
    """`50GB` (powers of 1000), `1GiB` or `1G` (powers of 1024), bare bytes."""
    found = _SIZE.fullmatch(words.strip())
    factor = _UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise BadValue(
            f"{quote(words)} is not a size; write 50GB, 512MB or 1GiB",
            f"{quote(words)}: 크기로 읽을 수 없습니다. 50GB, 512MB, 1GiB처럼 적어 주세요",
        )
    whole, _, fraction = found[1].partition(".")
    total: int = int(whole) * factor + int(fraction or "0") * factor // 10 ** len(fraction)
    if total > SIZE_MAX:
        raise BadValue(f"{quote(words)} is larger than any disk", f"{quote(words)}: 어떤 디스크보다도 큰 크기입니다")
    return total


def amount(words: str, base: Path) -> Amount:
    """A size, or a share such as `5%`."""
    found = _SHARE.fullmatch(words.strip())
    if found is None:
        return size(words, base)
    if float(found[1]) > 100:
        raise BadValue(f"{quote(words)} is more than the whole", f"{quote(words)}: 전체보다 큽니다")
    return Share(float(found[1]))


def duration_ms(words: str, _base: Path) -> int:
    """Prometheus's durations: `30d`, `1h30m`; `0` is none."""
    text = words.strip()
    try:
        return parse_duration_ms(text)
    except ValueError:
        if text.isascii() and text.isdigit() and len(text) < 10:
            raise BadValue(
                f"{quote(words)} has no unit; {text}d would be {text} days",
                f"{quote(words)}: 단위가 없습니다. {text}일이라면 {text}d로 적어 주세요",
            ) from None
        if len(text) < 20 and re.fullmatch(r"(?:\d+(?:y|w|d|h|ms|m|s))+", text) is None:
            raise BadValue(
                f"{quote(words)} is not a duration; write 30d, 12h or 1h30m",
                f"{quote(words)}: 기간으로 읽을 수 없습니다. 30d, 12h, 1h30m처럼 적어 주세요",
            ) from None
        years = DURATION_MS_MAX // (365 * 86_400_000)
        raise BadValue(
            f"{quote(words)} is not a duration of at most {years} years, written largest unit first like 1h30m",
            f"{quote(words)}: 기간은 1h30m처럼 큰 단위부터 적고, {years}년을 넘을 수 없습니다",
        ) from None


def retention_ms(words: str, base: Path) -> int | None:
    """How long to keep; `0` is for ever and becomes None."""
    kept_ms = duration_ms(words, base)
    if 0 < kept_ms < 3_600_000:
        raise BadValue(
            f"{quote(words)} would delete data before anybody saw it; keep at least 1h, or 0 for ever",
            f"{quote(words)}: 보기도 전에 지워집니다. 1h 이상으로, 계속 보관하려면 0으로 적어 주세요",
        )
    return kept_ms or None


def address(words: str, _base: Path) -> Address:
    """`127.0.0.1:8800`, `[::1]:8800`, `name:8800`, `:8800` (every interface)."""
    text = words.strip()
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5) or int(port) > 65535:
        raise BadValue(
            f"{quote(words)} is no HOST:PORT; write 127.0.0.1:8800, [::1]:8800 or :8800 for every interface",
            f"{quote(words)}: HOST:PORT 꼴이 아닙니다. 127.0.0.1:8800, [::1]:8800, 또는 모든 주소라면 :8800",
        )
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ip(host) or ":" not in host:
            raise BadValue(
                f"{quote(words)}: {quote(host)} is no IPv6 address",
                f"{quote(words)}: {quote(host)} IPv6 주소가 아닙니다",
            )
    elif ":" in host:
        raise BadValue(
            f"{quote(words)}: an IPv6 address stands in brackets, [{host}]:{port}",
            f"{quote(words)}: IPv6 주소는 대괄호로 묶어 [{host}]:{port} 처럼 적어 주세요",
        )
    elif host == "*":
        host = ""
    elif host and not (_is_ip(host) or _is_host(host)):
        raise BadValue(
            f"{quote(words)}: {quote(host)} is no host name or address",
            f"{quote(words)}: {quote(host)} 호스트 이름도 주소도 아닙니다",
        )
    return Address(host, int(port))


def network(words: str, _base: Path) -> Network:
    """`10.0.0.0/8`, `fd00::/8`; a single address is a network of one. Host bits are forgiven."""
    text = words.strip()
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise BadValue(
            f"{quote(words)} is no network; write 10.0.0.0/8, 192.168.1.20 or fd00::/8",
            f"{quote(words)}: 네트워크 주소가 아닙니다. 10.0.0.0/8, 192.168.1.20, fd00::/8처럼 적어 주세요",
        ) from None


def external_url(words: str, _base: Path) -> ExternalUrl:
    """`https://watch.example.com/hannun`: scheme, host, port and path, nothing else."""
    text = words.strip()
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        split, port = urlsplit(""), None
    host = split.hostname or ""
    if split.scheme not in ("http", "https") or not (_is_ip(host) or _is_host(host)) or not text.isprintable():
        raise BadValue(
            f"{quote(words)} is no web address; write https://watch.example.com or https://example.com/hannun",
            f"{quote(words)}: 웹 주소가 아닙니다. https://example.com/hannun 처럼 적어 주세요",
        )
    if split.query or split.fragment or split.username is not None or set(split.path) & set("\"'<>\\ "):
        raise BadValue(
            f"{quote(words)}: only scheme, host, port and path belong here",
            f"{quote(words)}: 프로토콜, 호스트, 포트, 경로만 적을 수 있습니다",
        )
    path = "/".join(("", *(part for part in split.path.split("/") if part)))
    return ExternalUrl(cast(Literal["http", "https"], split.scheme), host, port, path.rstrip("/"))


def directory(words: str, base: Path) -> Path:
    """A path, from the folder of whoever names it: the file's own, or the working directory. Need not exist."""
    if not words.strip() or "\0" in words:
        raise BadValue(f"{quote(words)} is no path", f"{quote(words)}: 경로가 아닙니다")
    try:
        return base / Path(words).expanduser()
    except RuntimeError:
        raise BadValue(f"{quote(words)}: no such user", f"{quote(words)}: 그런 사용자가 없습니다") from None


def file(words: str, base: Path) -> Path:
    """A file that exists and that we may read."""
    path = directory(words, base)
    try:
        with path.open("rb"):
            return path
    except OSError as err:
        why = err.strerror or str(err)
        raise BadValue(f"{quote(words)}: cannot be read: {why}", f"{quote(words)}: 읽을 수 없습니다: {why}") from err


def zone(words: str, _base: Path) -> str:
    """An IANA time zone such as `Asia/Seoul`."""
    import zoneinfo

    text = words.strip()
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        from hannun.config.complaint import nearest

        near = nearest(text, zoneinfo.available_timezones())
        raise BadValue(
            f"{quote(words)} is no time zone" + (f"; did you mean {near}?" if near else "; write Asia/Seoul or UTC"),
            f"{quote(words)}: 시간대가 아닙니다. " + (f"혹시 {near}?" if near else "Asia/Seoul, UTC처럼 적어 주세요"),
        ) from None
    return text


def switch(words: str, _base: Path) -> bool:
    """What YAML 1.1 and people call yes and no."""
    lowered = words.strip().lower()
    if lowered in ("true", "yes", "on", "1"):
        return True
    if lowered in ("false", "no", "off", "0", ""):
        return False
    raise BadValue(f"{quote(words)} is neither true nor false", f"{quote(words)}: true나 false로 적어 주세요")


def one_of(*choices: str) -> Callable[[str, Path], str]:
    """One of a few fixed words, in any case."""

    def read(words: str, _base: Path) -> str:
        lowered = words.strip().lower()
        if lowered not in choices:
            listed = ", ".join(choices)
            raise BadValue(f"{quote(words)} is none of {listed}", f"{quote(words)}: {listed} 가운데 하나로 적어 주세요")
        return lowered

    return read


def lang(words: str, base: Path) -> Lang:
    return cast(Lang, one_of("ko", "en")(words, base))


def log_level(words: str, base: Path) -> LogLevel:
    lowered = words.strip().lower()
    return cast(LogLevel, one_of("debug", "info", "warning", "error")("warning" if lowered == "warn" else words, base))


def log_format(words: str, base: Path) -> LogFormat:
    return cast(LogFormat, one_of("text", "json")(words, base))


def store_url(words: str, _base: Path) -> str:
    """`embedded`. A cluster's URL is refused by name, so that nobody believes his data are on one."""
    text = words.strip()
    if text != "embedded":
        scheme = _SCHEME.match(text)
        raise (
            BadValue(
                f"{_hide(text)}: this version keeps data in its embedded engine only; leave this out or write embedded",
                f"{_hide(text)}: 이 버전은 내장 엔진에만 저장합니다. 이 설정을 빼거나 embedded로 적어 주세요",
            )
            if scheme
            else BadValue(
                f"{quote(words)} is no store; write embedded",
                f"{quote(words)}: 저장소가 아닙니다. embedded로 적어 주세요",
            )
        )
    return text


def meta_url(words: str, base: Path) -> str | None:
    """`sqlite:///FILE` or `embedded` (None: a SQLite file in the data directory)."""
    text = words.strip()
    if text == "embedded":
        return None
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///") and "?" not in text:
        return f"sqlite:///{directory(text.removeprefix('sqlite:///'), base)}"
    raise BadValue(
        f"{_hide(text)}: users and settings are kept in SQLite; write sqlite:///FILE or leave this out",
        f"{_hide(text)}: 사용자와 설정은 SQLite에 저장합니다. sqlite:///FILE로 적거나 이 설정을 빼 주세요",
    )


def secret(words: str, _base: Path) -> str:
    return words


def _hide(url: str) -> str:
    """The URL quoted back without the password that may stand in it."""
    return quote(re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:…@", url))


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_host(host: str) -> bool:
    # All digits and dots is an address that is wrong (10.0.0.300), never a name.
    return _HOST_NAME.fullmatch(host) is not None and re.fullmatch(r"[\d.]+", host) is None
