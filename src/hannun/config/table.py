"""The table of everything `hannun serve` can be told.

One entry per setting feeds the flags and their help, the variables, hannun.yml, the Status page and the reference.
A new setting is one entry here and one field of `settings.Settings`.
"""

from __future__ import annotations

from hannun.config import classic, values
from hannun.config.machine import Machine
from hannun.config.setting import SETTINGS as SETTINGS  # the registry that this module fills
from hannun.config.setting import Setting, many, optional, setting
from hannun.model.text import Text

GIB = 1 << 30
MIB = 1 << 20
MEMORY_MIN = 256 * MIB


def _memory_default(machine: Machine) -> str:
    """Half of a small machine, a quarter of a larger one, and never more than 8 GiB unasked: others live here too."""
    total = machine.memory_bytes
    share = max(total // 4, min(total // 2, GIB))
    return f"{max(MEMORY_MIN, min(share, 8 * GIB)) // MIB}MiB"


CONFIG = setting(
    "config",
    optional(values.file),
    Text(
        en="Read settings from this file; flags and variables win over it",
        ko="이 파일에서 설정을 읽습니다. 명령줄과 환경 변수가 우선합니다",
    ),
    metavar="FILE",
    default_said=Text(en="hannun.yml here, if there is one", ko="현재 폴더에 hannun.yml이 있으면 그 파일"),
    in_file=False,
)
DATA_DIR = setting(
    "data_dir",
    values.directory,
    Text(en="Keep all data in this folder", ko="모든 데이터를 이 폴더에 둡니다"),
    default="./data",
    metavar="DIR",
)
LISTEN = setting(
    "listen",
    values.address,
    Text(
        en="Listen here; other addresses than loopback need a user or a token first",
        ko="이 주소에서 요청을 받습니다. 루프백이 아닌 주소는 사용자나 토큰을 먼저 만들어야 합니다",
    ),
    default="127.0.0.1:8800",
    metavar="HOST:PORT",
)
EXTERNAL_URL = setting(
    "external_url",
    optional(values.external_url),
    Text(
        en="The address people use when a proxy stands in front, sub-path included; for DSNs, links and the Host check",
        ko="앞에 프록시가 있을 때 사람들이 쓰는 주소(하위 경로 포함). DSN, 링크, Host 검사에 씁니다",
    ),
    metavar="URL",
    default_said=Text(en="the listen address", ko="listen 주소"),
)
TRUSTED_PROXIES = setting(
    "trusted_proxies",
    many(values.network),
    Text(
        en="Believe X-Forwarded-* from these networks only",
        ko="이 네트워크에서 온 X-Forwarded-* 헤더만 믿습니다",
    ),
    metavar="CIDR,…",
    listed=True,
)
TLS_CERT = setting(
    "tls_cert",
    optional(values.file),
    Text(en="Serve https with this certificate chain (PEM)", ko="이 인증서(PEM)로 https를 제공합니다"),
    metavar="FILE",
    default_said=Text(en="plain http", ko="http"),
)
TLS_KEY = setting(
    "tls_key",
    optional(values.file),
    Text(en="The private key of --tls-cert (PEM)", ko="--tls-cert의 개인 키(PEM)"),
    metavar="FILE",
)
INGEST_ALLOW = setting(
    "ingest_allow",
    many(values.network),
    Text(
        en="These networks may push data without a token; the pages stay behind login",
        ko="이 네트워크에서는 토큰 없이 데이터를 보낼 수 있습니다. 화면은 그대로 로그인이 필요합니다",
    ),
    metavar="CIDR,…",
    listed=True,
)
INSECURE_OPEN = setting(
    "insecure_open",
    values.switch,
    Text(
        en="Serve any address without users: everybody who reaches it may read and change everything",
        ko="사용자 없이 어떤 주소든 엽니다. 접근할 수 있는 누구나 모든 것을 보고 바꿀 수 있습니다",
    ),
    default="false",
    is_switch=True,
)
LANG = setting(
    "lang",
    optional(values.lang),
    Text(
        en="Language of the command line and of everything that is sent to people",
        ko="명령줄과 사람에게 보내는 모든 글의 언어",
    ),
    metavar="ko|en",
    default_said=Text(en="by LC_ALL or LANG", ko="LC_ALL 또는 LANG에 따름"),
)
TIMEZONE = setting(
    "timezone",
    values.zone,
    Text(en="Time zone of everything that is sent to people", ko="사람에게 보내는 글에 쓰는 시간대"),
    default=lambda machine: machine.timezone,
    metavar="ZONE",
    default_said=Text(en="the machine's", ko="이 컴퓨터의 시간대"),
)
STORE = setting(
    "store",
    values.store_url,
    Text(
        en="Where signals are kept; this version has the embedded engine",
        ko="데이터 저장소. 이 버전은 내장 엔진을 씁니다",
    ),
    default="embedded",
    metavar="URL",
)
META = setting(
    "meta",
    values.meta_url,
    Text(
        en="Where users, tokens and settings are kept: embedded (in the data folder) or sqlite:///FILE",
        ko="사용자, 토큰, 설정을 두는 곳: embedded(데이터 폴더 안) 또는 sqlite:///FILE",
    ),
    default="embedded",
    metavar="URL",
)
RETENTION = setting(
    "retention",
    optional(values.retention_ms),
    Text(
        en="Keep every signal this long; 0 for ever. Per signal in the file: retention: {logs: 7d}",
        ko="모든 데이터의 보관 기간. 0이면 계속 보관합니다. 파일에서는 종류별로 retention: {logs: 7d}",
    ),
    metavar="30d",
    default_said=Text(
        en="metrics and logs 30d, traces 14d, errors 90d", ko="메트릭과 로그 30d, 트레이스 14d, 에러 90d"
    ),
)


def _retention_of(signal: str, ko: str, default: str) -> Setting[int | None]:
    return setting(
        f"retention.{signal}",
        values.retention_ms,
        Text(en=f"Keep {signal} this long; 0 for ever", ko=f"{ko} 보관 기간. 0이면 계속 보관합니다"),
        default=default,
        metavar="30d",
        flag=False,
    )


RETENTION_METRICS = _retention_of("metrics", "메트릭", "30d")
RETENTION_LOGS = _retention_of("logs", "로그", "30d")
RETENTION_TRACES = _retention_of("traces", "트레이스", "14d")
RETENTION_ERRORS = _retention_of("errors", "에러", "90d")
RETENTION_SIZE = setting(
    "retention_size",
    values.amount,
    Text(
        en="Drop the oldest data beyond this size on disk, or share of the disk; 0 for no limit",
        ko="디스크에서 이 크기(또는 디스크의 비율)를 넘으면 오래된 데이터부터 지웁니다. 0이면 제한 없음",
    ),
    default="50%",
    metavar="50GB",
)
RECEIVE_BODY_BYTES_MAX = setting(
    "receive.body_bytes_max",
    values.amount,
    Text(
        en="The largest request that is taken, before and after decompression",
        ko="받을 수 있는 가장 큰 요청. 압축을 풀기 전과 푼 뒤 모두에 적용됩니다",
    ),
    default="64MiB",
    metavar="64MiB",
    flag=False,
)
DISK_RESERVE = setting(
    "disk_reserve",
    optional(values.amount),
    Text(
        en="Refuse writes (507) while less than this is free on the disk",
        ko="디스크 여유 공간이 이보다 적으면 쓰기를 거절합니다(507)",
    ),
    metavar="1GiB",
    default_said=Text(en="5%, at least 1GiB", ko="5%, 최소 1GiB"),
)
MEMORY = setting(
    "memory",
    values.amount,
    Text(
        en="What engine, caches and queues may take together; at least 256MiB",
        ko="엔진, 캐시, 대기열이 함께 쓸 수 있는 메모리. 최소 256MiB",
    ),
    default=_memory_default,
    metavar="1GiB",
    default_said=Text(
        en="half of a small machine, a quarter of a large one, at most 8GiB",
        ko="작은 컴퓨터는 절반, 큰 컴퓨터는 4분의 1, 최대 8GiB",
    ),
)
PROMETHEUS_CONFIG = setting(
    "prometheus_config",
    optional(values.file),
    Text(
        en="Scrape what this prometheus.yml names; it is read again on reload",
        ko="이 prometheus.yml에 적힌 대상을 수집합니다. reload 때 다시 읽습니다",
    ),
    metavar="FILE",
)
BLACKBOX_CONFIG = setting(
    "blackbox_config",
    optional(values.file),
    Text(
        en="Modules for probes, as blackbox_exporter reads them",
        ko="프로브 모듈 설정. blackbox_exporter의 파일을 그대로 씁니다",
    ),
    metavar="FILE",
    default_said=Text(en="its stock modules", ko="기본 모듈"),
)
LOKI_CONFIG = setting(
    "loki_config",
    optional(values.file),
    Text(
        en="Take limits and retention of logs from this Loki configuration",
        ko="로그의 제한과 보관 기간을 이 Loki 설정 파일에서 읽습니다",
    ),
    metavar="FILE",
)
PROMTAIL_CONFIG = setting(
    "promtail_config",
    optional(values.file),
    Text(
        en="Tail what this Promtail configuration names, instead of this machine's usual logs; read again on reload",
        ko="이 컴퓨터의 일반 로그 대신 이 Promtail 설정 파일에 적힌 로그를 모읍니다. reload 때 다시 읽습니다",
    ),
    metavar="FILE",
)
SYSLOG_LISTEN = setting(
    "syslog_listen",
    optional(values.address),
    Text(
        en="Take syslog here, over UDP and TCP, RFC 5424 and 3164",
        ko="이 주소에서 syslog를 받습니다(UDP와 TCP, RFC 5424와 3164)",
    ),
    metavar="HOST:PORT",
)
CLASSIC_PORTS = setting(
    "classic_ports",
    classic.ports,
    Text(
        en="Also listen where the replaced products did (all of them, or a list); a taken port is a warning",
        ko="대체한 제품들이 쓰던 포트에서도 받습니다(전부 또는 목록). 이미 쓰이는 포트는 경고만 합니다",
    ),
    metavar="[LIST]",
    listed=True,
    bare=classic.ALL,
)
ENABLE_ADMIN_API = setting(
    "enable_admin_api",
    values.switch,
    Text(en="Allow Prometheus's admin API: deleting series", ko="시계열을 지우는 Prometheus 관리 API를 켭니다"),
    default="false",
    is_switch=True,
)
NO_SELF = setting(
    "no_self",
    values.switch,
    Text(en="Do not watch this machine", ko="이 컴퓨터를 지켜보지 않습니다"),
    default="false",
    is_switch=True,
)
LOG_LEVEL = setting(
    "log_level",
    values.log_level,
    Text(
        en="Say this and what is worse: debug, info, warning, error",
        ko="이 수준부터 기록합니다: debug, info, warning, error",
    ),
    default="info",
    metavar="LEVEL",
)
LOG_FORMAT = setting(
    "log_format",
    values.log_format,
    Text(en="One line of text or one JSON object per record", ko="기록 한 건을 텍스트 한 줄 또는 JSON 한 줄로"),
    default="text",
    metavar="text|json",
)
ADMIN_PASSWORD = setting(
    "admin_password",
    optional(values.secret),
    Text(
        en="At the first start, make the user `admin` with this password",
        ko="처음 시작할 때 이 비밀번호로 `admin` 사용자를 만듭니다",
    ),
    secret=True,
    flag=False,  # a password on the command line stands in `ps` and in the shell's history
    in_file=False,
    also_env=("GF_SECURITY_ADMIN_PASSWORD",),
)

OTHER_VARIABLES = ("HANNUN_URL", "HANNUN_TOKEN", "HANNUN_SKIP_UI", "HANNUN_PYTHON", "HANNUN_DEV")
"""Variables of ours that are no settings of the server: those of the command line and of `make`."""

NOT_SHOWN = (RETENTION.name,)
"""Says nothing of its own on the Status page: the lines per signal do."""
