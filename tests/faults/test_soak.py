"""Three minutes of a busy team: writes, churn and questions at once, and all stays within what the settings allow."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, WriteBody

SOAK_S = 180.0
SENDERS, STEADY, FRESH = 4, 500, 5
MEMORY_BYTES = 1 << 30
PARTS_MAX = 200
ACK_P99_S = 2.0


class Load(threading.Thread):
    """One sender: steady series, and a few that are new in every request, as pods come and go."""

    def __init__(self, url: str, number: int, until_s: float) -> None:
        super().__init__(daemon=True)
        self._url, self._number, self._until_s = url, number, until_s
        self.waits_s: list[float] = []
        self.refused: list[str] = []

    def run(self) -> None:
        steady = [Labels.of(__name__="soak_total", sender=str(self._number), n=str(n)) for n in range(STEADY)]
        with httpx.Client(timeout=30) as client:
            request = 0
            while time.monotonic() < self._until_s:
                fresh = [
                    Labels.of(__name__="soak_total", sender=str(self._number), pod=f"{request}-{n}")
                    for n in range(FRESH)
                ]
                body = WriteBody.of(steady + fresh)
                now = np.full(STEADY + FRESH, time.time_ns() // 1_000_000, np.int64)
                sent = body.at(now, np.full(STEADY + FRESH, float(request)))
                began = time.monotonic()
                answer = client.post(f"{self._url}/api/v1/write", content=sent, headers=HEADERS)
                self.waits_s.append(time.monotonic() - began)
                if answer.status_code != 204:
                    self.refused.append(f"{answer.status_code} {answer.text[:200]}")
                request += 1
                time.sleep(0.2)


@pytest.mark.long
@pytest.mark.xdist_group("faults")
def test_three_busy_minutes_leave_memory_parts_and_answers_as_they_were(tmp_path: Path) -> None:
    with Server(tmp_path / "data", flags=("--memory", f"{MEMORY_BYTES >> 20}MiB")) as server:
        until_s = time.monotonic() + SOAK_S
        senders = [Load(server.url, number, until_s) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        asked = 0
        with httpx.Client(base_url=server.url, timeout=30) as client:
            while time.monotonic() < until_s:
                now_s = time.time()
                for expr in ("sum by (sender) (rate(soak_total[1m]))", "count(soak_total)", "topk(3, soak_total)"):
                    params = {"query": expr, "start": now_s - 300, "end": now_s, "step": 5}
                    answer = client.get("/api/v1/query_range", params=params)
                    assert answer.status_code == 200, answer.text[:300]
                    asked += 1
                time.sleep(0.5)
            for sender in senders:
                sender.join(60)
            status = client.get("/api/hannun/v1/status").json()
        waits = np.array([wait for sender in senders for wait in sender.waits_s])
        assert not [words for sender in senders for words in sender.refused]
        assert asked > 100
        assert len(waits) > 1_000
        assert float(np.quantile(waits, 0.99)) < ACK_P99_S
        # Series come and go all the time, so caches fill; what `--memory` allows bounds them.
        assert server.private_bytes() < MEMORY_BYTES * 3 // 4
        assert all(table["parts"] < PARTS_MAX for table in status["tables"]), status["tables"]
        assert "ERROR" not in server.log
