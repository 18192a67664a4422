"""What needs somebody: standing problems of the server and obvious trouble of the machines it watches. Pure.

Only what a person should act on stands here, in words that name the machine and the next step. Thresholds are the
usual ones; rules of one's own come with alerting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hannun.api.hannun.hosts import Host
from hannun.model.family import CollectorStatus
from hannun.model.labels import Labels
from hannun.model.status import DiskStatus
from hannun.model.text import Text
from hannun.observe.problems import Problem, Severity

FULL, ALMOST_FULL = 0.97, 0.90
BUSY = 0.90
SILENT_MS = 3 * 60_000
DAY_S = 86_400.0
NEEDS_MAX = 100
_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}

DISK = Text(en="{host}: disk {mount} is {percent} % full", ko="{host}: 디스크 {mount} 사용량 {percent}%")
DISK_DO = Text(
    en="Free space on {mount} or enlarge it; programs that write there fail when it is full.",
    ko="{mount}에서 공간을 확보하거나 용량을 늘리세요. 가득 차면 여기에 쓰는 프로그램이 멈춥니다.",
)
FILLS = Text(
    en="{host}: disk {mount} is full in about {hours} h", ko="{host}: 디스크 {mount}, 약 {hours}시간 뒤 가득 참"
)
FILLS_DO = Text(
    en="It has been filling for the last three hours. See what writes to {mount}.",
    ko="지난 3시간의 속도로 계산했습니다. {mount}에 무엇이 쌓이는지 확인하세요.",
)
MEMORY = Text(en="{host}: {percent} % of memory is in use", ko="{host}: 메모리 사용량 {percent}%")
MEMORY_DO = Text(
    en="See which process grew; the system ends programs when nothing is left.",
    ko="어떤 프로세스가 늘었는지 확인하세요. 메모리가 바닥나면 시스템이 프로그램을 끝냅니다.",
)
CPU = Text(en="{host}: CPU has been {percent} % busy for 5 min", ko="{host}: 최근 5분 CPU 사용률 {percent}%")
CPU_DO = Text(en="See which process it is on the host's page.", ko="호스트 화면에서 어떤 프로세스인지 확인하세요.")
SILENT = Text(en="{host} has been silent for {minutes} min", ko="{host}: {minutes}분째 소식 없음")
SILENT_DO = Text(
    en="See whether it is up and whether it can reach this server.",
    ko="켜져 있는지, 이 서버에 연결할 수 있는지 확인하세요.",
)
COLLECTOR = Text(en="Collector {name} fails: {error}", ko="수집기 {name} 실패: {error}")
COLLECTOR_DO = Text(
    en="Its graphs stay empty until then. The server's log tells more.",
    ko="해결될 때까지 관련 그래프가 비어 있습니다. 자세한 내용은 서버 로그에 있습니다.",
)
REFUSING = Text(
    en="Writing has stopped: less than the reserve is free on the data disk",
    ko="쓰기가 멈췄습니다. 데이터 디스크의 여유 공간이 예비 공간보다 적습니다",
)
REFUSING_DO = Text(
    en="Free space, or keep data for a shorter time (--retention).",
    ko="공간을 확보하거나 보관 기간(--retention)을 줄이세요.",
)


@dataclass(frozen=True, slots=True)
class Need:
    """`key` tells the same need on the next look; `link` is a path of the UI."""

    key: str
    severity: Severity
    what: Text
    do: Text
    link: str


@dataclass(frozen=True, slots=True)
class Disk:
    """One filling filesystem."""

    instance: str
    mount: str
    full_in_s: float


def of_host(host: Host, busy: float | None, now_ms: int) -> list[Need]:
    """`busy` is the CPU's share over five minutes: a short burst is no trouble."""
    link, found = link_to(host.host), []
    if host.seen_ms and now_ms - host.seen_ms > SILENT_MS:
        minutes = (now_ms - host.seen_ms) // 60_000
        what = SILENT.with_(host=host.host, minutes=minutes)
        return [Need(f"silent {host.instance}", Severity.CRITICAL, what, SILENT_DO, link)]
    if host.disk is not None and host.disk >= ALMOST_FULL:
        severity = Severity.CRITICAL if host.disk >= FULL else Severity.WARNING
        what = DISK.with_(host=host.host, mount=host.disk_mount, percent=_percent(host.disk))
        found.append(
            Need(f"disk {host.instance} {host.disk_mount}", severity, what, DISK_DO.with_(mount=host.disk_mount), link)
        )
    if host.memory is not None and host.memory >= BUSY:
        what = MEMORY.with_(host=host.host, percent=_percent(host.memory))
        found.append(Need(f"memory {host.instance}", Severity.WARNING, what, MEMORY_DO, link))
    if busy is not None and busy >= BUSY:
        what = CPU.with_(host=host.host, percent=_percent(busy))
        found.append(Need(f"cpu {host.instance}", Severity.WARNING, what, CPU_DO, link))
    return found


def of_filling(disk: Disk, host: Host) -> Need:
    hours = max(round(disk.full_in_s / 3600), 1)
    what = FILLS.with_(host=host.host, mount=disk.mount, hours=hours)
    key = f"fills {disk.instance} {disk.mount}"
    return Need(key, Severity.WARNING, what, FILLS_DO.with_(mount=disk.mount), link_to(host.host))


def of_collector(status: CollectorStatus) -> list[Need]:
    if status.ok or status.absent:
        return []
    what = COLLECTOR.with_(name=status.name, error=status.error[:200])
    return [Need(f"collector {status.name}", Severity.WARNING, what, COLLECTOR_DO, "/status")]


def of_store(disk: DiskStatus) -> list[Need]:
    return [Need("store refusing", Severity.CRITICAL, REFUSING, REFUSING_DO, "/status")] if disk.refusing else []


def of_problem(problem: Problem) -> Need:
    return Need(f"problem {problem.id}", problem.severity, problem.what, problem.do, "/status")


def filling(
    will_be_full: Iterable[Labels], pace: Mapping[tuple[str, str], float], free: Mapping[tuple[str, str], float]
) -> list[Disk]:
    """When each filling disk is full: what is free by the pace at which it shrinks."""
    found = []
    for labels in will_be_full:
        key = (labels.get("instance"), labels.get("mountpoint"))
        per_s, left = pace.get(key, 0.0), free.get(key, 0.0)
        if per_s > 0 and left > 0 and left / per_s < DAY_S:
            found.append(Disk(*key, left / per_s))
    return found


def link_to(host: str) -> str:
    return f"/hosts/{quote(host, safe='')}"


class Since:
    """Remembers since when each need stands, because what is computed afresh on every look has no beginning."""

    def __init__(self) -> None:
        self._first_ms: dict[str, int] = {}

    def stamped(self, needs: Sequence[Need], now_ms: int, known: Mapping[str, int]) -> list[dict[str, Any]]:
        """Most severe and oldest first, as JSON values; `known` times win. Needs that are over are forgotten."""
        self._first_ms = {need.key: self._first_ms.get(need.key, now_ms) for need in needs}
        rows = [(need, known.get(need.key, self._first_ms[need.key])) for need in needs]
        rows.sort(key=lambda row: (_ORDER[row[0].severity], row[1]))
        return [
            {
                "severity": need.severity.value,
                "what": need.what,
                "do": need.do,
                "link": need.link,
                "since_ms": since_ms,
            }
            for need, since_ms in rows[:NEEDS_MAX]
        ]


def _percent(share: float) -> int:
    return min(round(share * 100), 100)
