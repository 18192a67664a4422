"""global and scrape_configs: what one job scrapes, how often, and what it takes over from global."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hannun.config.complaint import nearest, quote
from hannun.config.prometheus import paths, promtool, scalars
from hannun.config.prometheus.discovery import read_discoveries
from hannun.config.prometheus.http_client import read_client
from hannun.config.prometheus.model import Discovery, ScrapeConfig, ScrapeLimits, StaticSd
from hannun.config.prometheus.relabel import read_rules
from hannun.config.prometheus.section import Section
from hannun.config.values import BadValue
from hannun.model.relabel import RelabelRule

TEXT_PROTOCOLS = ("OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4")
PROTOCOLS = ("PrometheusProto", *TEXT_PROTOCOLS)
ESCAPING = ("allow-utf-8", "underscores", "dots", "values")
Validation = Literal["utf8", "legacy"]


@dataclass(frozen=True, slots=True)
class Global:
    """`protocols` empty: each job's own default."""

    interval_ms: int = 60_000
    timeout_ms: int = 10_000
    evaluation_interval_ms: int = 60_000
    rule_query_offset_ms: int = 0
    external_labels: tuple[tuple[str, str], ...] = ()
    protocols: tuple[str, ...] = ()
    limits: ScrapeLimits = ScrapeLimits()
    native_histograms: bool = False
    always_classic: bool = False
    convert_to_nhcb: bool = False
    extra_metrics: bool = False
    validation: Validation = "utf8"
    escaping: str = ""
    query_log_file: str = ""
    failure_log_file: str = ""
    failure_log: Path | None = None

    @property
    def legacy(self) -> bool:
        return self.validation == "legacy"


def read_global(top: Section) -> Global:
    section = top.section("global", "config.plain")
    if section is None:
        return Global()
    validation = _validation_of(section) or "utf8"
    interval_ms = section.duration("scrape_interval") or 60_000
    timeout_ms = section.duration("scrape_timeout")
    if timeout_ms > interval_ms:
        section.refuse(
            "scrape_timeout",
            "global scrape timeout greater than scrape interval",
            "global의 scrape_timeout이 scrape_interval보다 깁니다",
        )
    made = Global(
        interval_ms=interval_ms,
        timeout_ms=timeout_ms or min(10_000, interval_ms),
        evaluation_interval_ms=section.duration("evaluation_interval") or 60_000,
        rule_query_offset_ms=section.duration("rule_query_offset"),
        external_labels=tuple(sorted(section.mapping("external_labels").items())),
        protocols=_protocols(section),
        limits=_limits(section, ScrapeLimits()),
        native_histograms=section.flag("scrape_native_histograms"),
        always_classic=section.flag("always_scrape_classic_histograms"),
        convert_to_nhcb=section.flag("convert_classic_histograms_to_nhcb"),
        extra_metrics=section.flag("extra_scrape_metrics"),
        validation=validation,
        escaping=section.word("metric_name_escaping_scheme", _escaping, ""),
        query_log_file=section.text("query_log_file"),
        failure_log_file=section.text("scrape_failure_log_file"),
        failure_log=_failure_log(section),
    )
    _check_names(section, made)
    section.unused("query_log_file", "Hannun keeps no such log file", "이 로그 파일은 만들지 않습니다")
    section.close()
    return made


def read_jobs(top: Section, common: Global, seen: dict[str, str]) -> tuple[ScrapeConfig, ...]:
    """The jobs below scrape_configs. `seen`: job names so far and the file of each, extended here."""
    jobs: list[ScrapeConfig] = []
    for section in top.sections("scrape_configs", "config.ScrapeConfig", empty="empty or null scrape config section"):
        job = _job(section, common)
        section.close()
        if job.job_name in seen:
            name = quote(job.job_name)
            section.refuse(
                "job_name",
                f"found multiple scrape configs with job name {name}, first found in {seen[job.job_name]}",
                f"{name}: job_name이 두 번 쓰였습니다(처음은 {seen[job.job_name]})",
            )
            continue
        seen[job.job_name] = f"{section.source.file}:{section.line_of('job_name')}"
        jobs.append(job)
    return tuple(jobs)


def _job(section: Section, common: Global) -> ScrapeConfig:
    name = section.text("job_name")
    if not name:
        section.refuse("job_name", "job_name is empty", "job_name이 비어 있습니다")
    validation = _validation_of(section) or common.validation
    legacy = validation == "legacy"
    interval_ms = section.duration("scrape_interval") or common.interval_ms
    timeout_ms = section.duration("scrape_timeout")
    if timeout_ms > interval_ms:
        section.refuse(
            "scrape_timeout",
            f"scrape timeout greater than scrape interval for scrape config with job name {quote(name)}",
            f"{quote(name)}: scrape_timeout이 scrape_interval보다 깁니다",
        )
    native = section.flag("scrape_native_histograms", common.native_histograms)
    job = ScrapeConfig(
        job_name=name,
        interval_ms=interval_ms,
        timeout_ms=timeout_ms or min(common.timeout_ms, interval_ms),
        metrics_path=section.text("metrics_path", "/metrics"),
        scheme=section.text("scheme", "http"),
        params=section.mapping_of_lists("params"),
        honor_labels=section.flag("honor_labels"),
        honor_timestamps=section.flag("honor_timestamps", True),
        track_timestamps_staleness=section.flag("track_timestamps_staleness"),
        enable_compression=section.flag("enable_compression", True),
        protocols=_protocols(section) or common.protocols or (PROTOCOLS if native else TEXT_PROTOCOLS),
        fallback_protocol=section.word("fallback_scrape_protocol", _fallback, ""),
        extra_scrape_metrics=section.flag("extra_scrape_metrics", common.extra_metrics),
        scrape_native_histograms=native,
        always_scrape_classic_histograms=_classic(section, common),
        convert_classic_histograms_to_nhcb=section.flag("convert_classic_histograms_to_nhcb", common.convert_to_nhcb),
        metric_name_validation_scheme=validation,
        metric_name_escaping_scheme=_escaping_of(section, common, validation),
        limits=_limits(section, common.limits, of_job=True),
        client=read_client(section),
        relabel=read_rules(section, "relabel_configs", "target relabeling rule in scrape config", legacy=legacy),
        metric_relabel=read_rules(
            section, "metric_relabel_configs", "metric relabeling rule in scrape config", legacy=legacy
        ),
        discoveries=read_discoveries(section, legacy=legacy),
        failure_log=_failure_log(section) or common.failure_log,
    )
    if job.scheme not in ("http", "https"):
        section.source.warn(
            section.line_of("scheme"),
            f"scheme {quote(job.scheme)}: only http and https can be scraped",
            f"scheme {quote(job.scheme)}: http와 https만 수집할 수 있습니다",
        )
    check_addresses(section, job.relabel, job.discoveries)
    if section.source.notes.strict:
        promtool.check_job(section, job)
    return job


def _failure_log(section: Section) -> Path | None:
    key = "scrape_failure_log_file"
    words = section.text(key)
    return paths.to_write(words, section.source, section.line_of(key), key) if words else None


def check_addresses(section: Section, relabel: tuple[RelabelRule, ...], discoveries: tuple[Discovery, ...]) -> None:
    """URLs in static targets are refused unless a relabel rule may still take them apart."""
    if relabel:
        return
    for discovery in discoveries:
        if isinstance(discovery, StaticSd):
            for group in discovery.groups:
                for target in group.targets:
                    _check_address(section, target["__address__"])


def _check_address(section: Section, address: str) -> None:
    if "/" in address:
        section.refuse(
            "static_configs",
            f"{quote(address)} is not a valid hostname; write host:port, the path goes to metrics_path",
            f"{quote(address)}: 호스트 이름이 아닙니다. host:port만 적고 경로는 metrics_path에 적어 주세요",
        )


def _classic(section: Section, common: Global) -> bool:
    """`scrape_classic_histograms` is what the key was called before Prometheus 3."""
    older = section.flag("scrape_classic_histograms", common.always_classic)
    return section.flag("always_scrape_classic_histograms", older)


def _limits(section: Section, common: ScrapeLimits, *, of_job: bool = False) -> ScrapeLimits:
    """A limit of 0 takes over the global one: that is how Prometheus knows that none was given."""
    return ScrapeLimits(
        body_bytes=section.size("body_size_limit") or common.body_bytes,
        samples=section.whole("sample_limit") or common.samples,
        labels=section.whole("label_limit") or common.labels,
        label_name_length=section.whole("label_name_length_limit") or common.label_name_length,
        label_value_length=section.whole("label_value_length_limit") or common.label_value_length,
        targets=section.whole("target_limit") or common.targets,
        keep_dropped_targets=section.whole("keep_dropped_targets") or common.keep_dropped_targets,
        # Known to a job only: as a global key Prometheus refuses them.
        histogram_buckets=section.whole("native_histogram_bucket_limit") if of_job else 0,
        histogram_min_bucket_factor=section.number("native_histogram_min_bucket_factor") if of_job else 0.0,
    )


def _protocols(section: Section) -> tuple[str, ...]:
    found: list[str] = []
    for words, line in section.lined_texts("scrape_protocols"):
        try:
            _protocol(words)
        except BadValue as err:
            section.source.refuse(line, f"scrape_protocols: {err.text.en}", f"scrape_protocols: {err.text.ko}")
            continue
        if words in found:
            section.source.refuse(
                line,
                f"duplicated protocol in scrape_protocols: {words}",
                f"scrape_protocols에 {words} 값이 두 번 적혀 있습니다",
            )
        found.append(words)
    if not found and not section.lined_texts("scrape_protocols") and "scrape_protocols" in section:
        section.refuse("scrape_protocols", "scrape_protocols cannot be empty", "scrape_protocols가 비어 있습니다")
    return tuple(found)


def _check_names(section: Section, common: Global) -> None:
    for name, _ in common.external_labels:
        if not scalars.is_label(name, legacy=common.legacy):
            section.refuse(
                "external_labels", f"{quote(name)} is not a valid label name", f"{quote(name)}: 라벨 이름이 아닙니다"
            )
    if common.escaping == "allow-utf-8" and common.legacy:
        _refuse_escaping(section)


def _escaping_of(section: Section, common: Global, validation: Validation) -> str:
    own = section.word("metric_name_escaping_scheme", _escaping, "")
    if not own and "metric_name_validation_scheme" not in section:
        own = common.escaping
    if own == "allow-utf-8" and validation == "legacy":
        _refuse_escaping(section)
    return own or ("underscores" if validation == "legacy" else "allow-utf-8")


def _refuse_escaping(section: Section) -> None:
    section.refuse(
        "metric_name_escaping_scheme",
        "utf8 metric names requested but validation scheme is not set to UTF8",
        "metric_name_validation_scheme이 utf8일 때만 allow-utf-8을 쓸 수 있습니다",
    )


def _protocol(words: str) -> str:
    return _one_of("unknown scrape protocol", words, PROTOCOLS)


def _fallback(words: str) -> str:
    return _protocol(words) if words else ""


def _escaping(words: str) -> str:
    return _one_of("unknown name escaping method", words, ("", *ESCAPING))


def _validation_of(section: Section) -> Validation | None:
    unset: Validation | None = None
    return section.word("metric_name_validation_scheme", _validation, unset)


def _validation(words: str) -> Validation | None:
    found = _one_of("unknown name validation method", words, ("", "utf8", "legacy"))
    return "utf8" if found == "utf8" else "legacy" if found == "legacy" else None


def _one_of(what: str, words: str, known: tuple[str, ...]) -> str:
    if words in known:
        return words
    near = nearest(words, known)
    listed = ", ".join(each for each in known if each)
    raise BadValue(
        f"{what} {quote(words)}" + (f"; did you mean {near}?" if near else f", supported: {listed}"),
        f"{quote(words)}: {listed} 가운데 하나로 적어 주세요",
    )
