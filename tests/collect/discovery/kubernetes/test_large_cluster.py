"""Ten thousand pods: listed, changed and listed again while the event loop goes on serving everybody else."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hannun.collect.discovery import discover
from hannun.collect.discovery.kubernetes import discovery, mirror
from hannun.collect.http_client import make_client
from hannun.config.http_client import HttpClientConfig
from hannun.config.prometheus.model import KubernetesSd
from hannun.model.target import TargetGroup

PODS = 10_000
STALL_MAX_S = 0.020
POD = {
    "metadata": {
        "name": "web-5d8f9c7b6-{n:05}",
        "generateName": "web-5d8f9c7b6-",
        "namespace": "shop",
        "uid": "3f8ce595-bf88-4f15-9aac-{n:012}",
        "resourceVersion": "{n}",
        "labels": {f"app.kubernetes.io/part-{i}": f"shop-{i}" for i in range(6)} | {"pod-template-hash": "5d8f9c7b6"},
        "annotations": {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9100",
            "kubectl.kubernetes.io/restartedAt": "2026-11-20T08:00:00Z",
        },
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d8f9c7b6", "controller": True}],
        "managedFields": [{"manager": "kube-controller-manager", "fieldsV1": {f"f:{i}": {} for i in range(40)}}],
    },
    "spec": {
        "nodeName": "node-{m}",
        "containers": [
            {
                "name": "web",
                "image": "registry.example.com/shop/web:1.4.2",
                "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9100}],
                "env": [{"name": f"SETTING_{i}", "value": "x" * 20} for i in range(20)],
            }
        ],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.{a}.{b}.{c}",
        "hostIP": "192.168.0.{m}",
        "conditions": [{"type": kind, "status": "True"} for kind in ("Initialized", "Ready", "ContainersReady")],
        "containerStatuses": [{"name": "web", "containerID": "containerd://{n:064x}"}],
    },
}
"""The shape of what an API server of 1.30 answers for a pod of a Deployment, 3 kB of JSON."""

SERVER = """
import asyncio, json, sys
POD, PODS = sys.argv[1], int(sys.argv[2])

def pod(n):
    text = POD
    places = {"n:05": f"{n:05}", "n:012": f"{n:012}", "n:064x": f"{n:064x}", "n": n, "m": n % 200}
    for word, value in {**places, "a": n >> 16, "b": n >> 8 & 255, "c": n & 255}.items():
        text = text.replace("{" + word + "}", str(value))
    return text

def page(begin):
    more = f',"continue":"{begin + 500}"' if begin + 500 < PODS else ""
    items = ",".join(ALL[begin:begin + 500])
    return f'{{"metadata":{{"resourceVersion":"1"{more}}},"items":[{items}]}}'.encode()

ALL = [pod(n) for n in range(PODS)]
PAGES = {str(begin): page(begin) for begin in range(0, PODS, 500)}
JSON = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"

async def serve(reader, writer):
    try:
        while head := (await reader.readuntil(b"\\r\\n\\r\\n")).decode():
            target = head.split(" ")[1]
            if "watch=1" not in target:
                body = PAGES[target.partition("continue=")[2].partition("&")[0] or "0"]
                writer.write(JSON % len(body) + body)
                await writer.drain()
                continue
            writer.write(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
            # A rollout: two thousand pods become ready again within two seconds, and then the version is forgotten.
            for n in range(2000):
                pod = ALL[n].replace('"Running"', '"Pending"').replace('"resourceVersion": "', '"resourceVersion": "7')
                line = b'{"type":"MODIFIED","object":' + pod.encode() + b"}\\n"
                writer.write(b"%x\\r\\n%s\\r\\n" % (len(line), line))
                if n % 20 == 0:
                    await writer.drain()
                    await asyncio.sleep(0.02)
            line = b'{"type":"ERROR","object":{"code":410}}\\n'
            writer.write(b"%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(line), line))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@asynccontextmanager
async def cluster() -> AsyncIterator[str]:
    """Its URL. In a process of its own, so that only the discovery's work is on our event loop."""
    command = [sys.executable, "-c", SERVER, json.dumps(POD), str(PODS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{await asyncio.to_thread(process.stdout.readline)}".strip()
    finally:
        process.kill()
        process.wait()


class Pulse:
    """How long the event loop stood still, in CPU time of this process: a busy machine does not count as ours."""

    def __init__(self) -> None:
        self.stalls_s: list[float] = []

    async def beat(self) -> None:
        while True:
            before_s, cpu_s = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            self.stalls_s.append(min(time.perf_counter() - before_s - 0.001, time.process_time() - cpu_s))


async def warmed(url: str) -> None:
    """What the first request of a process loads is loaded: a server has scraped something by then."""
    client = make_client(HttpClientConfig(), timeout_s=10)
    await client.get(f"{url}/api/v1/pods?limit=500")
    await client.close()


@pytest.fixture
def calm() -> Iterator[None]:
    """The garbage collector as a server sets it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("calm")
@pytest.mark.long
async def test_the_event_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "REST", 1)
    monkeypatch.setattr(mirror, "retry_delay_s", lambda failures, at_most_s: 0.1)
    pulse = Pulse()
    lists = 0
    newest: list[Any] = [()]

    def publish(groups: Sequence[TargetGroup]) -> None:
        nonlocal lists
        lists += 1
        newest[0] = groups  # The one before goes here, as it does in a job.

    async with cluster() as url:
        await warmed(url)
        beating = asyncio.create_task(pulse.beat())
        running = asyncio.create_task(discover(KubernetesSd("pod", url)).run(publish))
        async with asyncio.timeout(30):
            while lists < 5:
                await asyncio.sleep(0.05)
        running.cancel()
        beating.cancel()
        await asyncio.gather(running, beating, return_exceptions=True)
    assert len(newest[0]) == PODS
    worst = sorted(pulse.stalls_s)[-5:]
    assert worst[-1] < STALL_MAX_S, [f"{one * 1000:.0f} ms" for one in worst]
