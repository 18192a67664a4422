"""`kill -9` under pushes over HTTP: agents that send again what was not acknowledged leave every canary there once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import cramjam
import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until
from hannun.wire.loki import encode

pytestmark = pytest.mark.xdist_group("faults-log-kill")
AGENTS = 4
LINES = 20
PROTO = {"Content-Type": "application/x-protobuf"}


class Agent(threading.Thread):
    """Pushes as Promtail does: the same bytes again until they are acknowledged, on whatever server is there."""

    def __init__(self, name: str, url: list[str], first_ns: int) -> None:
        super().__init__(daemon=True)
        self._agent, self._url, self._first_ns = name, url, first_ns
        self.acknowledged = 0
        self.again = 0
        self.enough = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=5) as client:
            while not self.enough.is_set():
                body = self._batch(self.acknowledged)
                while not self._sent(client, body):
                    self.again += 1
                    time.sleep(0.02)
                self.acknowledged += 1

    def _batch(self, number: int) -> bytes:
        labels = f'{{app="canary", agent="{self._agent}", turn="{number % 7}"}}'
        first_ns = self._first_ns + number * 10**6
        lines = [(first_ns + at, f"canary {self._agent} {number} {at}", []) for at in range(LINES)]
        return bytes(cramjam.snappy.compress_raw(encode([(labels, lines)])))

    def _sent(self, client: httpx.Client, body: bytes) -> bool:
        try:
            answer = client.post(f"{self._url[0]}/loki/api/v1/push", content=body, headers=PROTO)
        except httpx.TransportError:
            return False  # perhaps stored and not acknowledged: sent again, as an agent must
        assert answer.status_code in (204, 429, 503), answer.text
        return answer.status_code == 204


def there(server: Server, agent: str, first_ns: int) -> Counter[str]:
    """Lines and how often they came, a hundred batches at a time."""
    found: Counter[str] = Counter()
    start_ns, batches = first_ns, 100
    while True:
        asked = {
            "query": f'{{agent="{agent}"}}',
            "start": str(start_ns),
            "end": str(start_ns + batches * 10**6),
            "limit": str(batches * LINES),
        }
        answer = httpx.get(f"{server.url}/loki/api/v1/query_range", params=asked, timeout=30)
        assert answer.status_code == 200, answer.text
        values = [value[1] for stream in answer.json()["data"]["result"] for value in stream["values"]]
        if not values:
            return found
        found.update(values)
        start_ns += batches * 10**6


def stored(server: Server, agent: str, first_ns: int) -> int:
    params = {"query": f'{{agent="{agent}"}}', "start": str(first_ns - 10**9), "end": str(time.time_ns() + 10**9)}
    return int(httpx.get(f"{server.url}/loki/api/v1/index/stats", params=params, timeout=30).json()["entries"])


def kill_under_load(folder: Path, rounds: int, seed: int) -> None:
    moments = random.Random(seed)
    first_ns = time.time_ns() - 3600 * 10**9
    url = [""]
    agents = [Agent(str(number), url, first_ns) for number in range(AGENTS)]
    server = Server(folder / "data", flags=("--no-self",))
    for number in range(rounds):
        server = Server(folder / "data", flags=("--no-self",)).start()
        url[0] = server.url
        for agent in agents if not number else ():
            agent.start()
        before = [agent.acknowledged for agent in agents]
        until(
            lambda before=before: all(agent.acknowledged > had for agent, had in zip(agents, before, strict=True)),
            "every agent had a batch acknowledged",
        )
        time.sleep(moments.uniform(0.0, 0.7))
        server.kill()
    with Server(folder / "data", flags=("--no-self",)) as server:
        url[0] = server.url
        for agent in agents:
            agent.enough.set()
            agent.join(30)
            assert not agent.is_alive()
        assert sum(agent.again for agent in agents), "nothing was ever sent again: the kills came too late"
        for agent in agents:
            found = there(server, agent._agent, first_ns)
            wanted = {f"canary {agent._agent} {n} {at}" for n in range(agent.acknowledged) for at in range(LINES)}
            assert not wanted - set(found), f"{len(wanted - set(found))} acknowledged lines are gone"
            assert set(found.values()) == {1}
            assert stored(server, agent._agent, first_ns) == len(found), "counted twice where it was stored once"
        assert "Traceback" not in server.log
        assert "ERROR" not in server.log


def test_every_acknowledged_canary_is_there_once_after_a_kill(tmp_path: Path) -> None:
    kill_under_load(tmp_path, rounds=1, seed=3)


@pytest.mark.long
def test_every_acknowledged_canary_is_there_once_after_twelve_kills(tmp_path: Path) -> None:
    kill_under_load(tmp_path, rounds=12, seed=5)
