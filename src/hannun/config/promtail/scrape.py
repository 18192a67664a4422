"""`scrape_configs`: what one job reads, where from, and the stages that its lines go through."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from hannun.config import yaml
from hannun.config.complaint import quote
from hannun.config.prometheus.discovery import read_discoveries
from hannun.config.prometheus.model import Discovery, StaticSd
from hannun.config.prometheus.relabel import read_rules
from hannun.config.prometheus.section import Section
from hannun.config.promtail.model import Decompression, ScrapeConfig
from hannun.config.promtail.read import duration, one_of
from hannun.config.promtail.sources import read_gelf, read_heroku, read_journal, read_kafka, read_push, read_syslog
from hannun.config.yaml import Map, Node, Scalar, Seq
from hannun.model.stage import StageSpec

STAGES_MAX = 1000
NESTING_MAX = 20
_NOT_READ = {
    "windows_events": ("Windows's event log is not read", "Windows 이벤트 로그는 읽지 않습니다"),
    "gcplog": ("Google's Pub/Sub is not read", "Google Pub/Sub는 읽지 않습니다"),
    "azure_event_hub": ("Azure's Event Hubs are not read", "Azure Event Hubs는 읽지 않습니다"),
    "azure_event_hubs": ("Azure's Event Hubs are not read", "Azure Event Hubs는 읽지 않습니다"),
    "cloudflare": ("Cloudflare's log service is not asked", "Cloudflare 로그 서비스에는 묻지 않습니다"),
    "consulagent_sd_configs": ("this kind of discovery is not supported", "지원하지 않는 디스커버리입니다"),
}


def read_jobs(top: Section) -> tuple[ScrapeConfig, ...]:
    jobs: list[ScrapeConfig] = []
    seen: dict[str, int] = {}
    for section in top.sections("scrape_configs", "scrapeconfig.plain"):
        job = _job(section)
        section.close()
        if job.job_name in seen:
            section.source.warn(
                section.line_of("job_name"),
                f"{quote(job.job_name)} is the name of the job in line {seen[job.job_name]}, too",
                f"{quote(job.job_name)}: {seen[job.job_name]}번째 줄의 작업과 이름이 같습니다",
            )
        seen.setdefault(job.job_name, section.line_of("job_name"))
        jobs.append(job)
    return tuple(jobs)


def _job(section: Section) -> ScrapeConfig:
    name = section.text("job_name")
    if not name:
        section.refuse("job_name", "job_name is empty", "job_name이 비어 있습니다")
    job = ScrapeConfig(
        job_name=name,
        pipeline=tuple(_stages(section)),
        relabel=read_rules(section, "relabel_configs", "target relabeling rule in scrape config"),
        discoveries=tuple(_with_targets(found) for found in read_discoveries(section)),
        encoding=section.text("encoding"),
        decompression=_decompression(section),
        journal=read_journal(section),
        syslog=read_syslog(section),
        push=read_push(section),
        gelf=read_gelf(section),
        kafka=read_kafka(section),
        heroku_drain=read_heroku(section),
        line=section.line,
    )
    for key, (en, ko) in _NOT_READ.items():
        section.unused(key, en, ko)
    _check_static(section, job)
    return job


def _with_targets(found: Discovery) -> Discovery:
    """A group without targets means this host; the targets say nothing anyway."""
    if not isinstance(found, StaticSd):
        return found
    here = ({"__address__": "localhost"},)
    return StaticSd(tuple(group if group.targets else replace(group, targets=here) for group in found.groups))


def _check_static(section: Section, job: ScrapeConfig) -> None:
    if job.relabel:
        return
    for found in job.discoveries:
        if isinstance(found, StaticSd):
            for group in found.groups:
                if "__path__" not in group.labels:
                    section.source.warn(
                        section.line_of("static_configs"),
                        f"job {quote(job.job_name)}: a group without the label __path__ names no file",
                        f"{quote(job.job_name)}: __path__ 라벨이 없는 그룹은 읽을 파일이 없습니다",
                    )


def _decompression(section: Section) -> Decompression | None:
    inner = section.section("decompression", "scrapeconfig.DecompressionConfig")
    if inner is None:
        return None
    enabled = inner.flag("enabled")
    made = Decompression(
        format=cast(Literal["gz", "bz2", "z"], one_of(inner, "format", ("gz", "bz2", "z"), "gz")),
        initial_delay_ms=duration(inner, "initial_delay", 0),
    )
    inner.close()
    return made if enabled else None


def _stages(section: Section) -> list[StageSpec]:
    node = section.take("pipeline_stages")
    if node is None:
        return []
    if not isinstance(node, Seq):
        section.source.refuse(
            node.line, "`pipeline_stages` takes a list of stages", "`pipeline_stages`: 스테이지 목록을 적어 주세요"
        )
        return []
    found: list[StageSpec] = []
    for item in node.items:
        if len(found) == STAGES_MAX:
            section.source.refuse(item.line, f"more than {STAGES_MAX} stages", f"스테이지가 {STAGES_MAX}개를 넘습니다")
            break
        if isinstance(item, Map) and len(item.entries) == 1:
            entry = item.entries[0]
            if _depth(entry.value) > NESTING_MAX:
                section.source.refuse(item.line, "stages nested too deep", "스테이지가 너무 깊이 중첩되어 있습니다")
                continue
            place = f"{section.source.file}:{entry.line}"
            found.append(StageSpec(entry.key, yaml.to_python(entry.value), place))
        elif isinstance(item, Scalar) and not item.is_null:
            # `- docker` without a colon: what it means is plain enough.
            found.append(StageSpec(item.text, None, f"{section.source.file}:{item.line}"))
        else:
            section.source.refuse(
                item.line,
                "pipeline stage must contain only one key",
                "스테이지 하나에는 키가 하나만 있어야 합니다",
            )
    return found


def _depth(node: Node) -> int:
    match node:
        case Map():
            return 1 + max((_depth(entry.value) for entry in node.entries), default=0)
        case Seq():
            return 1 + max((_depth(item) for item in node.items), default=0)
        case _:
            return 0
