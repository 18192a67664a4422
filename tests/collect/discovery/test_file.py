"""Files of target groups are followed live; a bad file keeps what it had."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from hannun.collect.discovery.file import FileDiscovery
from hannun.collect.discovery.folders import FolderWatch
from hannun.config.prometheus.model import FileSd

HOUR_MS = 3_600_000


def written(folder: Path, name: str, *targets: str) -> Path:
    path = folder / name
    text = "[" + ", ".join(f'"{target}"' for target in targets) + "]"
    path.write_text(f'[{{"targets": {text}}}]' if name.endswith("json") else f"- targets: {text}\n")
    return path


def followed(folder: Path, *globs: str, refresh_ms: int = HOUR_MS) -> FileDiscovery:
    return FileDiscovery(FileSd(tuple(str(folder / name) for name in globs), refresh_ms), FolderWatch())


async def test_every_file_of_every_glob_is_read_with_its_path(tmp_path: Path, watching) -> None:
    written(tmp_path, "a.json", "a:1")
    yml = written(tmp_path, "b.yml", "b:1", "b:2")
    written(tmp_path, "c.txt", "c:1")
    async with watching(followed(tmp_path, "*.json", "b.*", "*.y*ml")) as seen:
        await seen.until(lambda: seen.addresses == ["a:1", "b:1", "b:2"])
        assert seen.labels("b:2") == {"__address__": "b:2", "__meta_filepath": str(yml)}
        assert [group.source for group in seen.published[-1]] == [f"{tmp_path}/a.json:0", f"{yml}:0"]


async def test_a_change_a_new_file_and_a_removal_are_seen_without_waiting_for_the_interval(
    tmp_path: Path, watching
) -> None:
    first = written(tmp_path, "a.json", "a:1")
    async with watching(followed(tmp_path, "*.json")) as seen:
        await seen.until(lambda: seen.addresses == ["a:1"])
        await asyncio.sleep(0.5)  # until the watch stands, which reads once more
        (tmp_path / "new").write_text('[{"targets": ["a:2"]}]')
        os.rename(tmp_path / "new", first)  # the way in which careful programs replace a file
        await seen.until(lambda: seen.addresses == ["a:2"])
        second = written(tmp_path, "b.json", "b:1")
        await seen.until(lambda: seen.addresses == ["a:2", "b:1"])
        second.unlink()
        await seen.until(lambda: seen.addresses == ["a:2"])


async def test_a_bad_file_keeps_its_old_targets_and_is_said(tmp_path: Path, watching) -> None:
    bad, good = written(tmp_path, "bad.json", "bad:1"), written(tmp_path, "good.json", "good:1")
    async with watching(followed(tmp_path, "*.json")) as seen:
        await seen.until(lambda: seen.addresses == ["bad:1", "good:1"])
        bad.write_text('[{"targets": ["bad:2"')
        good.write_text('[{"targets": ["good:2"]}]')
        await seen.until(lambda: seen.addresses == ["bad:1", "good:2"])
        assert seen.discoverer.failing.startswith(f"{bad}: not a list of target groups")
        bad.write_text('[{"targets": ["bad:3"]}]')
        await seen.until(lambda: seen.addresses == ["bad:3", "good:2"])
        assert seen.discoverer.failing == ""


async def test_what_is_no_file_is_said_and_waits_for_nobody(tmp_path: Path, watching) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    written(tmp_path, "a.json", "a:1")
    async with watching(followed(tmp_path, "*.json")) as seen:
        await seen.until(lambda: seen.addresses == ["a:1"])
        assert seen.discoverer.failing == f"{tmp_path}/pipe.json: not a regular file"


async def test_a_folder_that_comes_later_is_followed_from_then_on(tmp_path: Path, watching) -> None:
    later = tmp_path / "later"
    async with watching(followed(later, "*.json", refresh_ms=200)) as seen:
        await seen.until(lambda: seen.published == [[]])
        later.mkdir()
        written(later, "a.json", "a:1")
        await seen.until(lambda: seen.addresses == ["a:1"])


async def test_the_same_targets_are_not_published_again(tmp_path: Path, watching) -> None:
    written(tmp_path, "a.json", "a:1")
    async with watching(followed(tmp_path, "*.json", refresh_ms=50)) as seen:
        await seen.until(lambda: seen.addresses == ["a:1"])
        await asyncio.sleep(0.5)
        assert len(seen.published) == 1
