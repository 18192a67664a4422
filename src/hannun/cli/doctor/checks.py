"""The checks of `hannun doctor`, in the order in which a person would mend what they find.

Each takes the settings and answers findings; a check that cannot look (no /proc, no libc) stays silent rather than
guess. Thresholds live beside their check.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import fcntl
import os
import resource
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from hannun.cli.doctor.finding import Finding, bad, ok, warn
from hannun.config import machine
from hannun.config.complaint import Refused
from hannun.config.load import load
from hannun.config.settings import Settings, format_size
from hannun.model.errors import HannunError
from hannun.model.text import Text
from hannun.model.text import say as say_in

Check = Callable[[Settings], Iterator[Finding]]
CHECKS: list[Check] = []

PYTHON_MIN = (3, 11)
INODES_MIN = 10_000
FILES_MIN = 1_024
BUILT_S = 1_767_225_600  # 2026-01-01: a clock before it is wrong, whoever set it
ENGINE_MEMORY = 256 << 20


def check(look: Check) -> Check:
    """Register a check; `examine` runs them in the order of their definition."""
    CHECKS.append(look)
    return look


def examine(flags: Mapping[str, str], env: Mapping[str, str]) -> Iterator[Finding]:
    """All findings. Settings that cannot be read end it: every other check depends on them."""
    yield from python()
    try:
        settings, complaints = load(flags, env)
    except Refused as err:
        for complaint in err.complaints:
            grade = bad if complaint.fatal else warn
            yield grade(complaint.as_text(), _MEND_SETTINGS)
        return
    for complaint in complaints:
        yield warn(complaint.as_text(), _MEND_SETTINGS)
    for look in CHECKS:
        yield from look(settings)


def python(
    version: tuple[int, ...] = sys.version_info[:3], bits: int = sys.maxsize.bit_length() + 1
) -> Iterator[Finding]:
    shown = ".".join(map(str, version))
    if version < PYTHON_MIN or bits != 64:
        wanted = ".".join(map(str, PYTHON_MIN))
        yield bad(
            Text(en=f"Python {shown} ({bits} bit)", ko=f"Python {shown} ({bits}비트)"),
            Text(en=f"Install a 64-bit Python {wanted} or newer", ko=f"64비트 Python {wanted} 이상을 설치해 주세요"),
        )
    else:
        yield ok(f"Python {shown}", f"Python {shown}")


@check
def data_folder(settings: Settings) -> Iterator[Finding]:
    """Writable now, or makeable: nothing is made."""
    path = settings.data_dir.absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield bad(
            Text(en=f"The data folder {path} cannot be written", ko=f"데이터 폴더에 쓸 수 없습니다: {path}"),
            Text(
                en="Give it to this user, mount it writable, or choose another --data-dir",
                ko="이 사용자에게 권한을 주거나, 쓰기 가능하게 마운트하거나, --data-dir를 바꿔 주세요",
            ),
        )
    elif there == path:
        yield ok(f"Data folder {path}", f"데이터 폴더 {path}")
    else:
        yield ok(f"Data folder {path} (made at the first start)", f"데이터 폴더 {path} (처음 시작할 때 만듭니다)")


@check
def disk(settings: Settings) -> Iterator[Finding]:
    path = _existing(settings.data_dir)
    free = shutil.disk_usage(path).free
    reserve = settings.disk_reserve_bytes
    shown, wanted = format_size(free), format_size(reserve)
    do = Text(
        en="Free space, choose a --data-dir on another disk, or lower --disk-reserve",
        ko="공간을 비우거나, 다른 디스크의 --data-dir를 쓰거나, --disk-reserve를 낮춰 주세요",
    )
    if free < reserve:
        yield bad(
            Text(
                en=f"{shown} free; writes stop below {wanted}",
                ko=f"여유 공간 {shown}. {wanted} 아래에서는 쓰지 않습니다",
            ),
            do,
        )
    elif free < 2 * reserve:
        yield warn(
            Text(en=f"{shown} free, near the reserve of {wanted}", ko=f"여유 공간 {shown}. 예비 공간은 {wanted}"), do
        )
    else:
        yield ok(f"{shown} free on the disk, {wanted} of it reserved", f"디스크 여유 공간 {shown}, 예비 공간 {wanted}")
    inodes = os.statvfs(path)
    if inodes.f_files and inodes.f_favail < INODES_MIN:
        yield bad(
            Text(
                en=f"only {inodes.f_favail} files can still be made on the disk",
                ko=f"디스크에 파일을 {inodes.f_favail}개만 더 만들 수 있습니다",
            ),
            Text(en="Remove small files, or choose another disk", ko="작은 파일을 지우거나 다른 디스크를 써 주세요"),
        )


@check
def memory(settings: Settings) -> Iterator[Finding]:
    has, wants = machine.memory_bytes(), settings.memory_bytes
    shown, wanted = format_size(has), format_size(wants)
    # The mapped library and Python itself come on top of --memory: about 240 MiB, measured.
    if wants + (240 << 20) > has:
        yield warn(
            Text(
                en=f"--memory {wanted} of {shown} leaves nothing for the rest",
                ko=f"메모리 {shown} 가운데 --memory {wanted}: 나머지가 모자랍니다",
            ),
            Text(
                en="Lower --memory, or the kernel may end the server",
                ko="--memory를 낮추지 않으면 커널이 서버를 끝낼 수 있습니다",
            ),
        )
    else:
        yield ok(f"{shown} of memory, up to {wanted} for Hannun", f"메모리 {shown}, 한눈은 {wanted}까지")


@check
def open_files(_settings: Settings) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES_MIN:
        yield warn(
            Text(
                en=f"only {soft} files may be open at once (hard limit {hard})",
                ko=f"동시에 열 수 있는 파일이 {soft}개뿐입니다 (최대 {hard})",
            ),
            Text(
                en="Raise it: `ulimit -n 65536`, LimitNOFILE= of systemd",
                ko="`ulimit -n 65536`이나 systemd의 LimitNOFILE=로 올려 주세요",
            ),
        )


@check
def clock(_settings: Settings) -> Iterator[Finding]:
    """Everything that is stored is stored under a time."""
    do = Text(
        en="Run an NTP client: `timedatectl set-ntp true`, chrony or ntpd",
        ko="시각 동기화를 켜 주세요: `timedatectl set-ntp true`, chrony 또는 ntpd",
    )
    if time.time() < BUILT_S:
        shown = time.strftime("%Y-%m-%d", time.gmtime())
        yield bad(Text(en=f"The clock says {shown}", ko=f"시계가 {shown}로 되어 있습니다"), do)
        return
    synchronised = _is_synchronised()
    if synchronised is False:
        yield warn(Text(en="The kernel says the clock is not synchronised", ko="시계가 동기화되어 있지 않습니다"), do)
    elif synchronised:
        yield ok("The clock is synchronised", "시계가 동기화되어 있습니다")


@check
def port(settings: Settings) -> Iterator[Finding]:
    holder = _holder(settings.data_dir)
    if holder:
        yield ok(
            f"A server runs over this data folder (pid {holder})",
            f"이 데이터 폴더로 서버가 실행 중입니다 (pid {holder})",
        )
        return
    listen = settings.listen
    try:
        _bind(listen.host, listen.port)
    except OSError as err:
        why = err.strerror or str(err)
        yield bad(
            Text(en=f"Cannot listen on {listen}: {why}", ko=f"{listen} 주소를 쓸 수 없습니다: {why}"),
            Text(
                en="Stop what holds the port, or choose another --listen",
                ko="그 포트를 쓰는 프로그램을 멈추거나 --listen을 바꿔 주세요",
            ),
        )
    else:
        yield ok(f"{listen} is free", f"{listen} 주소를 쓸 수 있습니다")


@check
def page(_settings: Settings) -> Iterator[Finding]:
    if (resources.files("hannun") / "web" / "static" / "index.html").is_file():
        yield ok("The page is built", "화면이 만들어져 있습니다")
    else:
        yield bad(
            Text(en="The page is not built", ko="화면이 만들어져 있지 않습니다"),
            Text(en="Run `make setup` in the checkout", ko="받은 소스에서 `make setup`을 실행해 주세요"),
        )


@check
def engine(_settings: Settings) -> Iterator[Finding]:
    """Opens one in a folder of its own: the loader, the processor and the file system all have a say in it."""
    from hannun.store.engine import ChdbEngine

    began_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="hannun-doctor-") as folder:
            opened = ChdbEngine.open(Path(folder) / "engine", memory_bytes=ENGINE_MEMORY, threads=1)
            try:
                opened.query_rows("SELECT 1")
            finally:
                opened.close()
    except (HannunError, ImportError, OSError) as err:
        en, ko = (say_in(err.what, "en"), say_in(err.what, "ko")) if isinstance(err, HannunError) else (str(err),) * 2
        yield bad(
            Text(en=f"The engine does not open: {en}", ko=f"엔진이 열리지 않습니다: {ko}"),
            Text(
                en="Run `make setup` again; needs x86-64 or arm64 with glibc 2.17+",
                ko="`make setup`을 다시 실행해 주세요. glibc 2.17 이상의 x86-64 또는 arm64가 필요합니다",
            ),
        )
    else:
        took_s = time.monotonic() - began_s
        yield ok(f"The engine opens ({took_s:.1f} s)", f"엔진이 열립니다 ({took_s:.1f}초)")


def _existing(path: Path) -> Path:
    absolute = path.absolute()
    return next(folder for folder in (absolute, *absolute.parents) if folder.exists())


def _holder(data_dir: Path) -> str | None:
    """The pid of the server that holds the folder. The lock is only looked at: a server may start this moment."""
    from hannun.store.data_dir import LOCK_FILE

    try:
        with (data_dir / LOCK_FILE).open() as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(32).strip() or "?"
    except OSError:
        return None
    return None


def _bind(host: str, number: int) -> None:
    """Raises OSError when a server could not listen there."""
    found = socket.getaddrinfo(host or None, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: connections of an earlier one that linger must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _is_synchronised() -> bool | None:
    """What the kernel knows (adjtimex, state 5: not synchronised); None where it cannot be asked."""
    name = ctypes.util.find_library("c")
    if not sys.platform.startswith("linux") or name is None:
        return None
    try:
        # struct timex is 208 bytes on every 64-bit Linux; modes 0 only reads.
        state = ctypes.CDLL(name, use_errno=True).adjtimex(ctypes.create_string_buffer(256))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != 5


_MEND_SETTINGS = Text(
    en="Mend it there; `hannun serve --help` shows the settings",
    ko="그곳을 고쳐 주세요. 설정은 `hannun serve --help`에 있습니다",
)
