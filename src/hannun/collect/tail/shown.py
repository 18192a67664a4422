"""What the pages tell of tailing: the targets and Promtail's words, from what the tailer has in memory."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.collect.tail.tailer import Tailer
from hannun.collect.tail.target import FileTarget
from hannun.model.family import Family
from hannun.model.tail import TailTarget

NOT_READY = (
    "Not ready: Unable to find any logs to tail. Please verify permissions, volumes, scrape_config, etc."  # its words
)


class Shown:
    """`Tailed` of one tailer."""

    def __init__(self, tailer: Tailer, yaml: str = "") -> None:
        self._tailer = tailer
        self._yaml = yaml

    def not_ready(self) -> str:
        return "" if self._tailer.has_files or self._tailer.sources else NOT_READY

    def targets(self) -> Sequence[TailTarget]:
        read: list[TailTarget] = []
        left: list[TailTarget] = []
        files = self._tailer.files
        for target in list(self._tailer.rounds.targets.values()):
            if isinstance(target, FileTarget):
                place = target.reader.place
                at = "0" if place is None else str(place.offset)
                wanted = target.wanted
                one = TailTarget(
                    wanted.job, "File", str(wanted.path), wanted.labels, wanted.discovered, at, target.failing
                )
                (left if target.failing else read).append(one)
        for source in self._tailer.sources:
            for one in source.targets():
                (left if one.why else read).append(one)
        for each in self._tailer.found.files:
            why = files.left.get(str(each.path))
            if why:
                left.append(TailTarget(each.job, "File", str(each.path), each.labels, each.discovered, why=why))
        left += [
            TailTarget(each.job, "dropped", "", (), each.discovered, why=each.why) for each in self._tailer.found.left
        ]
        key = lambda one: (one.job, one.name)  # noqa: E731 - one order for both
        return [*sorted(read, key=key), *sorted(left, key=key)]

    def families(self) -> Sequence[Family]:
        return self._tailer.metrics.families()

    def config_yaml(self) -> str:
        return self._yaml
