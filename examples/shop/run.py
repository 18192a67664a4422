"""`make demo`: a throw-away Hannun with a small shop in it. Ctrl-C ends both; nothing is left behind.

The shop pushes by Prometheus remote write, first its last two hours and then every five seconds.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx
from traffic import Shop

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, body_of

PAST_S, PAST_STEP_S, STEP_S = 7200, 15, 5


def push(client: httpx.Client, shop: Shop, at_s: float, seconds: float) -> None:
    names, values = zip(*shop.step(at_s, seconds), strict=True)
    body = body_of([Labels(name) for name in names], int(at_s * 1000), values)
    client.post("/api/v1/write", content=body, headers=HEADERS).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop by itself after this long")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # leaves through the blocks below, which end the server
    with (
        tempfile.TemporaryDirectory(prefix="hannun-demo-") as folder,
        Server(Path(folder) / "data", port=asked.port) as server,
    ):
        print(f"Hannun with a small shop: {server.url}  (Ctrl-C ends it)", flush=True)
        shop = Shop()
        with httpx.Client(base_url=server.url, timeout=30) as client:
            began = time.time()
            for behind in range(PAST_S, 0, -PAST_STEP_S):
                push(client, shop, began - behind, PAST_STEP_S)
            try:
                while time.time() - began < asked.seconds:
                    push(client, shop, time.time(), STEP_S)
                    time.sleep(STEP_S)
            except KeyboardInterrupt:
                print("\nbye")


if __name__ == "__main__":
    main()
