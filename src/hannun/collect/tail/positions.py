"""How far every source was read, over restarts: our own file, and Promtail's beside it for whoever goes back.

Ours knows which file a path meant; Promtail's knows the path and an offset. Promtail's is read where ours says nothing
yet (that is how one moves in) and is kept up to date, so that moving out loses nothing either.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from hannun.collect.tail.place import Place

_log = logging.getLogger("hannun.collect.tail")
BYTES_MAX = 64 << 20
FINISHED_MAX = 20
"""Rotated files that are remembered of each path."""


class Positions:
    """`places` by their keys and `cursors` by name (`journal-<job>`, `cursor-<container>`). Blocking; one writer.

    `finished`: by path, where files were left that had it before; what they are called now is not read again.
    """

    def __init__(self, file: Path, promtail_file: Path | None = None) -> None:
        self._file = file
        self._promtail_file = promtail_file
        self.places: dict[str, Place] = {}
        self.cursors: dict[str, str] = {}
        self.finished: dict[str, list[Place]] = {}
        self._saved: str = ""
        self._read()

    def save(self) -> bool:
        """Write what changed, whole or not at all. False: it could not be written, which was logged once."""
        said = json.dumps(
            {
                "places": [place.as_json() for place in self.places.values()],
                "cursors": self.cursors,
                "finished": [place.as_json() for places in self.finished.values() for place in places],
            },
            sort_keys=True,
        )
        if said == self._saved:
            return True
        try:
            _replace(self._file, said)
        except OSError as err:
            _log.warning("positions could not be saved: %s", err)
            return False
        self._saved = said
        self._save_promtails()
        return True

    def _save_promtails(self) -> None:
        """For whoever goes back. Ours are what counts, so a folder that only Promtail may write to is no trouble."""
        if self._promtail_file is None:
            return
        try:
            _replace(self._promtail_file, promtail_text(self.places, self.cursors))
        except OSError as err:
            _log.warning("Promtail's positions are not kept in step: %s", err)
            self._promtail_file = None

    def finish(self, place: Place) -> None:
        """Remember a file that has lost its path."""
        told = self.finished.setdefault(place.path, [])
        told.append(place)
        del told[:-FINISHED_MAX]

    def settle(self) -> None:
        """Promtail's places that every reader has made its own are not handed on to others later."""
        own = {place.path for place in self.places.values() if place.reader}
        for key in [key for key, place in self.places.items() if not place.reader and place.path in own]:
            del self.places[key]

    def forget(self, key: str) -> None:
        """A file is gone, and what was known of those before it."""
        place = self.places.pop(key, None)
        if place is not None and not any(each.path == place.path for each in self.places.values()):
            self.finished.pop(place.path, None)

    def _read(self) -> None:
        if self._promtail_file is not None:
            self.places, self.cursors = read_promtail(self._promtail_file)
        try:
            said = json.loads(_text(self._file))
            places = [Place.from_json(place) for place in said["places"]]
            cursors = {str(name): str(value) for name, value in said["cursors"].items()}
            finished = [Place.from_json(place) for place in said.get("finished", ())]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            _log.warning("%s cannot be read (%s): files are read from where Promtail's positions say", self._file, err)
            return
        self.places |= {place.key: place for place in places}
        self.cursors |= cursors
        for place in finished:
            self.finish(place)


def read_promtail(file: Path) -> tuple[dict[str, Place], dict[str, str]]:
    """`positions:` of Promtail: numbers are offsets by path, everything else cursors. Nothing when there is no file."""
    try:
        said = yaml.load(_text(file), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        found = said["positions"] if isinstance(said, dict) else None
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, KeyError, yaml.YAMLError) as err:
        _log.warning("%s is no positions file of Promtail: %s", file, err)
        return {}, {}
    places: dict[str, Place] = {}
    cursors: dict[str, str] = {}
    for key, value in (found or {}).items() if isinstance(found, Mapping) else ():
        name, text = str(key), str(value)
        if text.isdecimal() and len(text) < 19 and name.startswith("/"):
            places[name] = Place(name, int(text))
        else:
            cursors[name] = text
    return places, cursors


def promtail_text(places: Mapping[str, Place], cursors: Mapping[str, str]) -> str:
    """As Promtail writes it: every value is quoted."""
    # One offset a path is all that Promtail knows: the least, so that no reader misses anything.
    offsets: dict[str, int] = {}
    for place in places.values():
        offsets[place.path] = min(place.offset, offsets.get(place.path, place.offset))
    # Of a container it knows whole seconds.
    known = {name: at.partition(".")[0] if name.startswith("cursor-") else at for name, at in cursors.items()}
    said = {**{path: str(offset) for path, offset in offsets.items()}, **known}
    return yaml.safe_dump({"positions": dict(sorted(said.items()))}, default_flow_style=False, default_style='"')


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise ValueError(f"larger than {BYTES_MAX >> 20} MiB")
    return content.decode("utf-8", "replace")


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.tmp")
    with beside.open("w", encoding="utf-8", errors="surrogateescape") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    beside.rename(file)
