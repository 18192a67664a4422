"""What promtool looks at beyond reading the file: secrets and certificates that must exist, and each static target
and each target of a file_sd file, as it is after relabeling. Only a strict reading asks for it.
"""

from __future__ import annotations

import json
from pathlib import Path

from hannun.config.complaint import quote
from hannun.config.http_client import HttpClientConfig
from hannun.config.prometheus import paths, scalars
from hannun.config.prometheus.discovery import GROUP_TYPE, read_group
from hannun.config.prometheus.model import AlertmanagerConfig, Discovery, FileSd, KubernetesSd, ScrapeConfig, StaticSd
from hannun.config.prometheus.section import Section, Source
from hannun.config.values import BadValue
from hannun.config.yaml import Map, Scalar, Seq
from hannun.model.target import TargetGroup
from hannun.model.time import format_duration_ms


def check_job(section: Section, job: ScrapeConfig) -> None:
    """Complain where `promtool check config` fails on a job that Prometheus would load."""
    _check_files(section, job.client)
    for discovery in job.discoveries:
        if isinstance(discovery, KubernetesSd):
            _check_files(section, discovery.client)
        for group in _groups(section, discovery):
            for target in group.targets:
                why = _why_not(section.source, job, {**group.labels, **target})
                if why:
                    section.refuse("static_configs", f"{why}: target {quote(target['__address__'])}", f"{why}")


def check_manager(section: Section, manager: AlertmanagerConfig) -> None:
    relabel = section.source.notes.relabel
    for discovery in manager.discoveries:
        for group in _groups(section, discovery):
            for target in group.targets:
                labels = {
                    "__scheme__": manager.scheme,
                    "__alerts_path__": manager.path_prefix,
                    **group.labels,
                    **target,
                }
                kept = relabel(manager.relabel, labels) if relabel else None
                if kept is not None and "/" in kept.get("__address__", ""):
                    en, ko = _NO_HOST
                    said = quote(kept["__address__"])
                    section.refuse("static_configs", f"{said} {en}", f"{said}: {ko}")


def read_targets_file(path: Path, source: Source) -> tuple[TargetGroup, ...]:
    """The groups of a file_sd file. Mistakes are noted and fatal; Prometheus keeps the old targets then."""
    if path.suffix.lower() == ".json" and not _is_json(path, source):
        return ()
    document = paths.open_yaml(path, source)
    if document is None or document.root is None:
        return ()
    root = document.root
    if not isinstance(root, Seq):
        if not (isinstance(root, Scalar) and root.is_null):
            source.refuse(root.line, "expected a list of target groups", "대상 그룹의 목록이 있어야 합니다")
        return ()
    groups: list[TargetGroup] = []
    for node in root:
        if isinstance(node, Map):
            groups.append(read_group(Section(source, node, GROUP_TYPE), f"{path}:{len(groups)}"))
        else:
            source.refuse(
                node.line,
                f"nil target group item found (index {len(groups)})",
                "targets와 labels가 있는 그룹이 와야 합니다",
            )
    return tuple(groups)


_NO_HOST = ("is not a valid hostname", "호스트 이름이 아닙니다")


def _groups(section: Section, discovery: Discovery) -> tuple[TargetGroup, ...]:
    if isinstance(discovery, StaticSd):
        return discovery.groups
    found: list[TargetGroup] = []
    if isinstance(discovery, FileSd):
        for pattern in discovery.files:
            for path in paths.matching(pattern, section.source, section.line)[1]:
                source = Source(str(path), path.parent, section.source.notes)
                found.extend(read_targets_file(path, source))
    return tuple(found)


def _check_files(section: Section, client: HttpClientConfig) -> None:
    named = [client.tls.cert_file, client.tls.key.file]
    if client.authorization is not None:
        named.append(client.authorization.credentials.file)
    for file in named:
        if file is not None and not file.exists():
            section.source.refuse(
                section.line,
                f"{quote(str(file))}: no such file or directory",
                f"{quote(str(file))}: 그런 파일이 없습니다",
            )


def _why_not(source: Source, job: ScrapeConfig, labels: dict[str, str]) -> str:
    """Why a target cannot be scraped, in Prometheus's words; "" when it can or when a rule drops it."""
    if source.notes.relabel is None:
        return ""
    defaults = {
        "job": job.job_name,
        "__scrape_interval__": format_duration_ms(job.interval_ms),
        "__scrape_timeout__": format_duration_ms(job.timeout_ms),
        "__metrics_path__": job.metrics_path,
        "__scheme__": job.scheme,
        **{f"__param_{name}": values[0] for name, values in job.params.items() if values},
    }
    kept = source.notes.relabel(job.relabel, {**defaults, **{name: value for name, value in labels.items() if value}})
    if kept is None:
        return ""
    address = kept.get("__address__", "")
    if not address:
        return "no address"
    if "/" in address:
        return f"{quote(address)} {_NO_HOST[0]}"
    lengths: list[int] = []
    for what in ("interval", "timeout"):
        words = kept.get(f"__scrape_{what}__", "")
        try:
            lengths.append(scalars.duration(words))
        except BadValue as err:
            return f"error parsing scrape {what}: {err.text.en}"
        if not lengths[-1]:
            return f"scrape {what} cannot be 0"
    if lengths[1] > lengths[0]:
        return "scrape timeout cannot be greater than scrape interval"
    return ""


def _is_json(path: Path, source: Source) -> bool:
    try:
        json.loads(paths.read(path))
    except (OSError, ValueError, RecursionError) as err:
        said = str(err)[:200]
        source.refuse(getattr(err, "lineno", 0), f"not JSON: {said}", f"JSON 문법 오류: {said}")
        return False
    return True
