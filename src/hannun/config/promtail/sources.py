"""What a job reads besides files: the journal, and ports that others send to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from hannun.config import yaml
from hannun.config.complaint import quote
from hannun.config.prometheus import scalars
from hannun.config.prometheus.http_client import read_tls
from hannun.config.prometheus.section import Section
from hannun.config.promtail.model import (
    GelfConfig,
    HerokuDrainConfig,
    JournalConfig,
    KafkaConfig,
    PushConfig,
    SyslogConfig,
)
from hannun.config.promtail.read import duration, one_of
from hannun.config.promtail.server import read_server


def read_journal(job: Section) -> JournalConfig | None:
    section = job.section("journal", "scrapeconfig.JournalTargetConfig")
    if section is None:
        return None
    default = JournalConfig()
    made = JournalConfig(
        json=section.flag("json"),
        max_age_ms=duration(section, "max_age", default.max_age_ms),
        path=section.text("path"),
        labels=_labels(section),
        matches=section.text("matches"),
    )
    section.close()
    return made


def read_syslog(job: Section) -> SyslogConfig | None:
    section = job.section("syslog", "scrapeconfig.SyslogTargetConfig")
    if section is None:
        return None
    address = section.text("listen_address")
    if not address:
        section.refuse("listen_address", "syslog needs a listen_address", "syslog에 listen_address가 있어야 합니다")
    default = SyslogConfig(address)
    made = SyslogConfig(
        listen_address=address,
        protocol=cast(Literal["tcp", "udp"], one_of(section, "listen_protocol", ("tcp", "udp"), "tcp")),
        format=cast(Literal["rfc5424", "rfc3164"], one_of(section, "syslog_format", ("rfc5424", "rfc3164"), "rfc5424")),
        idle_timeout_ms=duration(section, "idle_timeout", default.idle_timeout_ms),
        max_message_length=section.whole("max_message_length", default.max_message_length) or 8192,
        label_structured_data=section.flag("label_structured_data"),
        use_incoming_timestamp=section.flag("use_incoming_timestamp"),
        use_rfc5424_message=section.flag("use_rfc5424_message"),
        labels=_labels(section),
        tls=read_tls(section),
    )
    section.close()
    return made


def read_push(job: Section) -> PushConfig | None:
    section = job.section("loki_push_api", "scrapeconfig.PushTargetConfig")
    if section is None:
        return None
    made = PushConfig(
        server=read_server(section, "server"),
        labels=_labels(section),
        use_incoming_timestamp=section.flag("use_incoming_timestamp"),
        use_full_line=section.flag("use_full_line"),
    )
    section.close()
    return made


def read_gelf(job: Section) -> GelfConfig | None:
    section = job.section("gelf", "scrapeconfig.GelfTargetConfig")
    if section is None:
        return None
    made = GelfConfig(
        listen_address=section.text("listen_address") or GelfConfig().listen_address,
        labels=_labels(section),
        use_incoming_timestamp=section.flag("use_incoming_timestamp"),
    )
    section.close()
    return made


def read_heroku(job: Section) -> HerokuDrainConfig | None:
    section = job.section("heroku_drain", "scrapeconfig.HerokuDrainTargetConfig")
    if section is None:
        return None
    made = HerokuDrainConfig(
        server=read_server(section, "server"),
        labels=_labels(section),
        use_incoming_timestamp=section.flag("use_incoming_timestamp"),
    )
    section.close()
    return made


def read_kafka(job: Section) -> KafkaConfig | None:
    section = job.section("kafka", "scrapeconfig.KafkaTargetConfig")
    if section is None:
        return None
    authentication: Any = yaml.to_python(section.take("authentication"))
    made = KafkaConfig(
        brokers=section.texts("brokers"),
        topics=section.texts("topics"),
        group_id=section.text("group_id") or "promtail",
        assignor=section.text("assignor") or "range",
        version=section.text("version") or "2.2.1",
        labels=_labels(section),
        use_incoming_timestamp=section.flag("use_incoming_timestamp"),
        authentication=authentication if isinstance(authentication, dict) else {},
    )
    for key, value in (("brokers", made.brokers), ("topics", made.topics)):
        if not value:
            section.refuse(key, f"kafka needs {key}", f"kafka에 {key} 값이 있어야 합니다")
    section.close()
    return made


def _labels(section: Section) -> Mapping[str, str]:
    labels = section.mapping("labels")
    for name in labels:
        if not scalars.is_label(name):
            section.refuse("labels", f"{quote(name)} is not a valid label name", f"{quote(name)}: 라벨 이름이 아닙니다")
    return labels
