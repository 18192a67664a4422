"""The backup guide is followed to the letter: what a snapshot held is there again after everything was deleted."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import httpx

from hannun.model.labels import Labels
from hannun.testing.pages import page
from hannun.testing.reader import Reader
from hannun.testing.traffic import HEADERS, body_of

GUIDE = page("en", "guide/backup.md")
NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")


def value(url: str) -> list[str]:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": "kept_safe"}, timeout=30).json()
    return [row["value"][1] for row in answer["data"]["result"]]


def test_write_snapshot_delete_and_restore(tmp_path: Path) -> None:
    with Reader(tmp_path, flags=["--no-self", "--enable-admin-api"]) as reader:
        body = body_of([Labels.of(__name__="kept_safe")], int(time.time() * 1000), [42.0])
        with reader.http as client:
            assert client.post("/api/v1/write", content=body, headers=HEADERS).status_code == 204
        name = reader.sh("hannun snapshot create").strip()
        with reader.http as client:
            told = client.post("/api/v1/admin/tsdb/snapshot", params={"skip_head": "true"}).json()
            assert told["status"] == "success"
            assert NAME.fullmatch(told["data"]["name"])
            client.post("/api/v1/admin/tsdb/delete_series", params={"match[]": "kept_safe"})
        assert value(reader.server.url) == []
        assert {name, told["data"]["name"]} == set(NAME.findall(reader.sh("hannun snapshot list")))
        for block in GUIDE.blocks[2:]:
            reader.run(replace(block, text=NAME.sub(name, block.text)))
        assert value(reader.others[0].url) == ["42"]
        assert value(reader.server.url) == []
        assert name not in reader.sh("hannun snapshot list")
