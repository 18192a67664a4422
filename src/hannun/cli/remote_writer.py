"""Sends columns of samples to a running server by remote write, and counts what became of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from hannun.cli.client import Client
from hannun.cli.terminal import CommandError, Terminal
from hannun.model.histogram import HistogramSeries
from hannun.model.metric import MetricMetadata, SeriesColumns
from hannun.model.text import Text

if TYPE_CHECKING:
    import httpx

PATH = "/api/v1/write"
TIMEOUT_S = 120.0
TRIES = 12
PAUSE_S_MAX = 30.0
PROGRESS_EVERY_S = 1.0
_BOUND = re.compile(r"timestamp -?\d+ ms is (before|after) (-?\d+) ms")


class RemoteWriter:
    """`sent` samples are durable; `refused` are those whose time the server does not take."""

    def __init__(self, terminal: Terminal, http: httpx.Client) -> None:
        self._terminal = terminal
        self._http = http
        self._shown_s = 0.0
        self._said_bound = False
        self.sent = 0
        self.refused = 0

    def send(
        self,
        series: SeriesColumns,
        metadata: Sequence[MetricMetadata] = (),
        *,
        histograms: Sequence[HistogramSeries] = (),
    ) -> None:
        """Returns when it is durable. Raises CommandError when the server goes on refusing."""
        from hannun.wire.remote_read import compress, encode_series
        from hannun.wire.remote_write import encode

        if not len(series.ts) and not metadata and not histograms:
            return
        count = len(series.ts) + sum(len(one.ts_ms) for one in histograms)
        body = compress(encode_series(series, histograms) + encode([], metadata))
        answer = self._post(body)
        if answer.status_code == 204:
            self.sent += count
            return
        lost = self._out_of_bounds(series, histograms, answer.text)
        if lost is None:
            raise CommandError(_REFUSED.with_(status=answer.status_code, words=_plain(answer.text)))
        self.refused += lost
        self.sent += count - lost
        if not self._said_bound:
            self._terminal.warn(_plain(answer.text))
            self._said_bound = True

    def _post(self, body: bytes) -> httpx.Response:
        import httpx

        headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        }
        for attempt in range(TRIES):
            try:
                answer = self._http.post(PATH, content=body, headers=headers)
            except (httpx.HTTPError, OSError) as err:
                if attempt == TRIES - 1:
                    raise CommandError(_NO_SERVER.with_(why=str(err) or type(err).__name__), _AGAIN) from None
                time.sleep(min(0.2 * 2**attempt, PAUSE_S_MAX))
                continue
            if answer.status_code in (401, 403):
                raise CommandError(_NOT_ALLOWED, _SHOW_TOKEN)
            if answer.status_code != 429 and answer.status_code < 500:
                return answer
            time.sleep(_pause_s(answer, attempt))
        raise CommandError(_REFUSED.with_(status=answer.status_code, words=_plain(answer.text)), _AGAIN)

    @staticmethod
    def _out_of_bounds(series: SeriesColumns, histograms: Sequence[HistogramSeries], words: str) -> int | None:
        """How many samples lie outside what the server takes; None when it said something else.

        It names one bound and keeps all samples within both. What lies beyond the other bound is not counted here:
        the future is no place that old files reach.
        """
        found = _BOUND.search(words)
        if found is None:
            return None
        floats = series.ts.astype(np.int64) + series.base_ms
        ts_ms = np.concatenate([floats, *(np.array(one.ts_ms, np.int64) for one in histograms)])
        outside = ts_ms < int(found[2]) if found[1] == "before" else ts_ms > int(found[2])
        return int(np.count_nonzero(outside))

    def progress(self, done: str) -> None:
        """At most once a second, on a terminal only."""
        now_s = time.monotonic()
        if self._terminal.err.isatty() and now_s - self._shown_s >= PROGRESS_EVERY_S:
            self._shown_s = now_s
            words = _PROGRESS.say(self._terminal.lang, count=f"{self.sent:,}", done=done)
            print(f"\r\x1b[K{words}", end="", file=self._terminal.err, flush=True)

    def end(self) -> None:
        if self._shown_s:
            print("\r\x1b[K", end="", file=self._terminal.err, flush=True)
        self._terminal.say(_DONE, count=f"{self.sent:,}")
        if self.refused:
            self._terminal.warn(_SOME_REFUSED.with_(count=f"{self.refused:,}"))


@contextmanager
def remote_writer(terminal: Terminal, client: Client) -> Iterator[RemoteWriter]:
    """A writer over one kept-alive connection; says at the end what was done, unless an error says more."""
    with client.connection(TIMEOUT_S) as http:
        writer = RemoteWriter(terminal, http)
        yield writer
        writer.end()


def _pause_s(answer: httpx.Response, attempt: int) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked) if asked.isdecimal() else 0.2 * 2**attempt, PAUSE_S_MAX)


def _plain(words: str) -> str:
    return " ".join(words.split())[:500].replace("{", "(").replace("}", ")")


_REFUSED = Text(
    en="the server refused samples ({status}): {words}", ko="서버가 값을 받지 않았습니다({status}): {words}"
)
_NO_SERVER = Text(en="the server does not answer any more: {why}", ko="서버가 더 이상 응답하지 않습니다: {why}")
_AGAIN = Text(
    en="What was sent is stored; run the command again, nothing is stored twice",
    ko="보낸 값은 저장되었습니다. 명령을 다시 실행해도 중복 저장되지 않습니다",
)
_NOT_ALLOWED = Text(en="the server does not let us write", ko="서버에 쓸 권한이 없습니다")
_SHOW_TOKEN = Text(
    en="Make a token with `hannun token create NAME --role push` and show it with --token or HANNUN_TOKEN",
    ko="`hannun token create 이름 --role push`로 토큰을 만들어 --token이나 HANNUN_TOKEN으로 주세요",
)
_PROGRESS = Text(en="{count} samples, {done}", ko="값 {count}개, {done}")
_DONE = Text(en="{count} samples are stored", ko="값 {count}개를 저장했습니다")
_SOME_REFUSED = Text(
    en="{count} samples were left out: their times are outside what the server keeps (--retention)",
    ko="값 {count}개는 서버가 보관하는 기간(--retention) 밖이라 저장하지 않았습니다",
)
