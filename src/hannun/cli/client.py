"""Questions to a running server over HTTP, and its refusals in one sentence."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from hannun.cli import local_token
from hannun.cli.command import Option
from hannun.cli.terminal import CommandError, Terminal, UsageError
from hannun.cli.where import data_options, settings_of
from hannun.config.complaint import quote
from hannun.config.settings import Settings
from hannun.model.text import Text

if TYPE_CHECKING:
    import httpx

ANSWER_BYTES_MAX = 256 << 20
CONNECT_S = 5.0


def server_options() -> list[click.Parameter]:
    """`--url` and `--token`, and where the data folder is for those who give neither."""
    return [
        Option(
            "--url",
            metavar="URL",
            text=Text(en="The server to ask; also HANNUN_URL", ko="물어볼 서버. HANNUN_URL로도 줄 수 있습니다"),
            default_said=Text(en="the one on this machine", ko="이 컴퓨터의 서버"),
        ),
        Option(
            "--token",
            metavar="TOKEN",
            text=Text(
                en="Token to show; HANNUN_TOKEN keeps it out of `ps`",
                ko="보여줄 토큰. HANNUN_TOKEN으로 주면 `ps`에 보이지 않습니다",
            ),
            default_said=Text(en="the data folder's own", ko="데이터 폴더의 토큰"),
        ),
        *data_options(),
    ]


class Client:
    """One command's connection. The data folder's own token goes to the server on this machine and nowhere else."""

    def __init__(self, terminal: Terminal, settings: Settings, url: str | None, token: str | None) -> None:
        self._terminal = terminal
        self._settings = settings
        given = url or terminal.env.get("HANNUN_URL")
        self.url = _checked(given) if given else settings.local_url
        self._is_local = self.url in (settings.local_url, settings.url)
        self._token = token or terminal.env.get("HANNUN_TOKEN") or None
        self._may_renew = self._token is None and self._is_local
        if self._may_renew:
            self._token = local_token.read(settings, terminal)

    @staticmethod
    def of(terminal: Terminal, url: str | None, token: str | None, where: Mapping[str, str | None]) -> Client:
        return Client(terminal, settings_of(terminal, **where), url, token)

    @property
    def timezone(self) -> str:
        return self._settings.timezone

    def get(self, path: str, params: Mapping[str, str] | None = None, *, timeout_s: float = 130.0) -> Any:
        """The JSON at `path`. Raises CommandError with the server's own words where it has some."""
        status, body = self._ask(path, params or {}, timeout_s)
        if status == 401 and self._may_renew:
            self._may_renew = False
            if (renewed := local_token.renew(self._settings)) is not None:
                self._token = renewed
                status, body = self._ask(path, params or {}, timeout_s)
        return self._answer(status, body, path)

    @contextmanager
    def connection(self, timeout_s: float) -> Iterator[httpx.Client]:
        """A kept-alive connection to the server with our token on it, for commands that send much."""
        import httpx

        headers: dict[str, str] = {"Accept-Language": self._terminal.lang}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_S)
        with httpx.Client(
            base_url=self.url, timeout=timeout, headers=headers, verify=self._trust(), trust_env=not self._is_local
        ) as http:
            yield http

    def _ask(self, path: str, params: Mapping[str, str], timeout_s: float) -> tuple[int, bytes]:
        import httpx

        headers = {"Accept-Language": self._terminal.lang, "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_S)
        try:
            # A proxy of the environment is for the wide world, not for one's own server.
            with (
                httpx.Client(timeout=timeout, verify=self._trust(), trust_env=not self._is_local) as http,
                http.stream("GET", f"{self.url}{path}", params=dict(params), headers=headers) as answer,
            ):
                return answer.status_code, _bounded(answer)
        except httpx.TimeoutException:
            raise CommandError(_TOO_SLOW.with_(url=self.url, seconds=f"{timeout_s:g}")) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as err:
            raise CommandError(_NO_SERVER.with_(url=self.url, why=str(err) or type(err).__name__), _START) from None

    def _trust(self) -> ssl.SSLContext | bool:
        """Our own server's certificate is trusted as it lies on this disk, whatever name it carries."""
        if not self._is_local or self._settings.tls is None:
            return True
        context = ssl.create_default_context(cafile=str(self._settings.tls.cert))
        context.check_hostname = False
        return context

    def _answer(self, status: int, body: bytes, path: str) -> Any:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if status == 200 and answer is not None:
            return answer
        said = answer.get("error") if isinstance(answer, dict) else None
        if status in (401, 403):
            raise CommandError(_NOT_ALLOWED.with_(url=self.url), _SHOW_TOKEN)
        if isinstance(said, str):
            hint = answer.get("hint")
            raise CommandError(said, hint if isinstance(hint, str) and hint else None)
        raise CommandError(_NOT_HANNUN.with_(url=f"{self.url}{path}", status=status))


def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise CommandError(_TOO_LARGE.with_(mib=ANSWER_BYTES_MAX >> 20))
    return bytes(body)


def _checked(url: str) -> str:
    try:
        split = urlsplit(url)
        usable = split.scheme in ("http", "https") and split.hostname and (split.port or 1) and url.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            Text(
                en=f"--url: {quote(url)} is no web address; write http://127.0.0.1:8800",
                ko=f"--url: {quote(url)} 웹 주소가 아닙니다. http://127.0.0.1:8800처럼 적어 주세요",
            )
        )
    return url.rstrip("/")


_NO_SERVER = Text(en="no server answers at {url} ({why})", ko="{url}: 응답하는 서버가 없습니다 ({why})")
_START = Text(
    en="Start one with `hannun serve`, or name another with --url",
    ko="`hannun serve`로 시작하거나 --url로 다른 서버를 지정해 주세요",
)
_TOO_SLOW = Text(en="{url} did not answer within {seconds} s", ko="{url}: {seconds}초 안에 응답하지 않았습니다")
_TOO_LARGE = Text(
    en="the answer is larger than {mib} MiB; ask for less", ko="응답이 {mib} MiB를 넘습니다. 범위를 줄여 주세요"
)
_NOT_ALLOWED = Text(en="{url} does not let us in", ko="{url}: 접근이 거부되었습니다")
_SHOW_TOKEN = Text(
    en="Show a token with --token or HANNUN_TOKEN; `hannun token create NAME --role viewer` makes one",
    ko="--token이나 HANNUN_TOKEN으로 토큰을 주세요. `hannun token create 이름 --role viewer`로 만듭니다",
)
_NOT_HANNUN = Text(
    en="{url} answered {status}, and not as Hannun does", ko="{url}: 한눈의 응답이 아닙니다 (상태 {status})"
)
