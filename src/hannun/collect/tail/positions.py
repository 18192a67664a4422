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
BYTES_MAX = 16 << 20


class Positions:
    """`places` by path and `cursors` by name (`journal-<job>`, `cursor-<container>`). Blocking; one writer."""

    def __init__(self, file: Path, promtail_file: Path | None = None) -> None:
        self._file = file
        self._promtail_file = promtail_file
        self.places: dict[str, Place] = {}
        self.cursors: dict[str, str] = {}
        self._saved: str = ""
        self._read()

    def save(self) -> bool:
        """Write what changed, whole or not at all. False: it could not be written, which was logged once."""
        said = json.dumps(
            {"places": [place.as_json() for place in self.places.values()], "cursors": self.cursors}, sort_keys=True
        )
        if said == self._saved:
            return True
        try:
            _replace(self._file, said)
            if self._promtail_file is not None:
                _replace(self._promtail_file, promtail_text(self.places, self.cursors))
        except OSError as err:
            _log.warning("positions could not be saved: %s", err)
            return False
        self._saved = said
        return True

    def _read(self) -> None:
        if self._promtail_file is not None:
            self.places, self.cursors = read_promtail(self._promtail_file)
        try:
            said = json.loads(_text(self._file))
            places = [Place.from_json(place) for place in said["places"]]
            cursors = {str(name): str(value) for name, value in said["cursors"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            _log.warning("%s cannot be read (%s): files are read from where Promtail's positions say", self._file, err)
            return
        self.places |= {place.path: place for place in places}
        self.cursors |= cursors


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
    said = {**{path: str(place.offset) for path, place in places.items()}, **cursors}
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
    with beside.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    beside.rename(file)
