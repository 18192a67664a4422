"""blackbox.yml -> BlackboxConfig. Unknown keys are warnings; a strict reading refuses what the exporter refuses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hannun.config import yaml
from hannun.config.blackbox.model import BlackboxConfig, Module
from hannun.config.blackbox.probes import PROBES
from hannun.config.complaint import Complaint, Refused, nearest, quote
from hannun.config.prometheus import paths, scalars
from hannun.config.prometheus.section import Notes, Section, Source, root_of
from hannun.config.prometheus.yaml_text import dump, hide
from hannun.config.yaml import Map

NOT_SUPPORTED = ("websocket",)


def load(path: Path, env: Mapping[str, str], *, strict: bool = False) -> tuple[BlackboxConfig, tuple[Complaint, ...]]:
    """The modules and the warnings. Nothing in this file is filled from `env`: blackbox_exporter fills nothing either.

    Raises Refused with every complaint when one is fatal.
    """
    notes = Notes(strict=strict)
    config = read(path, notes)
    if notes.is_fatal:
        raise Refused(notes.in_order())
    return config, notes.in_order()


def read(path: Path, notes: Notes, *, shown: str | None = None) -> BlackboxConfig:
    """What could be read; a fatal note says that it must not be used. `shown` is the file's name in complaints."""
    source = Source(shown or str(path), path.absolute().parent, notes)
    document = paths.open_yaml(path, source)
    top = None if document is None else root_of(document.root, source, "config.plain")
    if document is None or top is None:
        return BlackboxConfig(file=path)
    modules = read_modules(top)
    return BlackboxConfig(modules, path, dump(hide(yaml.to_python(document.root) or {})))


def read_modules(top: Section) -> dict[str, Module]:
    modules: dict[str, Module] = {}
    for name, section in top.named("modules", "config.plain"):
        module = _module(name, section)
        if module is not None:
            modules[name] = module
    top.close()
    return modules


def _module(name: str, section: Section) -> Module | None:
    prober = section.text("prober")
    timeout_ms = max(section.word("timeout", _timeout, 0), 0)
    read_by = {each: section.section(each, "config.plain") for each in PROBES}
    found = PROBES.get(prober)
    module: Module | None = None
    if found is not None:
        inner = read_by[prober] or Section(section.source, Map(section.line), "config.plain")
        module = Module(name, found(inner), timeout_ms)
        inner.close()
    else:
        _no_prober(section, name, prober)
    for each, unread in read_by.items():
        if unread is not None and each != prober:
            section.source.warn(
                section.line_of(each),
                f"`{each}` is not used: the prober of {quote(name)} is {prober or 'not set'}",
                f"`{each}`: 쓰지 않습니다. {quote(name)} 모듈의 prober: {prober or '없음'}",
            )
            PROBES[each](unread)
            unread.close()
    section.close()
    return module


def _timeout(words: str) -> int:
    return scalars.go_duration(words) if words else 0


def _no_prober(section: Section, name: str, prober: str) -> None:
    for key in NOT_SUPPORTED:
        section.take(key)
    if prober in NOT_SUPPORTED:
        section.source.warn(
            section.line_of("prober"),
            f"prober {prober} is not supported; the module {quote(name)} is left out",
            f"prober {prober}: 지원하지 않아 {quote(name)} 모듈을 뺍니다",
        )
        return
    near = nearest(prober.lower(), PROBES)
    listed = ", ".join(PROBES)
    section.source.odd(
        section.line_of("prober"),
        f"there is no prober {quote(prober)}; the module {quote(name)} is left out"
        + (f"; did you mean {near}?" if near else f". Write one of {listed}"),
        f"{quote(prober)}: 그런 prober가 없어 {quote(name)} 모듈을 뺍니다"
        + (f". 혹시 {near}?" if near else f" ({listed})"),
    )
