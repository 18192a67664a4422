"""Metrics that scripts leave in `*.prom` files, as node_exporter's textfile collector reads them.

A bad file costs itself and sets `node_textfile_scrape_error`; the other files are shown.
"""

from __future__ import annotations

import os

from prometheus_client.parser import text_string_to_metric_families

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots, read_bytes
from hannun.model.family import Family, Sample

FILE_BYTES_MAX = 4 << 20
SAMPLES_MAX = 20_000
"""Over all files: a script gone wild must not become a million series."""


def parse_textfile(text: str) -> list[Family]:
    """Families of one file. Raises ValueError for what is no text format, and for samples with a timestamp."""
    found: list[Family] = []
    for metric in text_string_to_metric_families(text):
        if any(sample.timestamp is not None for sample in metric.samples):
            raise ValueError("samples in text files must not have timestamps")
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        samples = tuple(Sample(told.name, tuple(sorted(told.labels.items())), told.value) for told in metric.samples)
        # A file may say "counter" of a name without _total; the parser then adds it to the family, not the samples.
        if metric.type == "counter" and samples and all(sample.name == metric.name for sample in samples):
            name = metric.name
        found.append(Family(name, metric.type, metric.documentation, samples))
    return found


@collector("textfile")
def textfile(roots: Roots) -> list[Family]:
    built = Builder()
    families: list[Family] = []
    failed = False
    left = SAMPLES_MAX
    for path in _files(roots.textfiles):
        try:
            told = _read(path)
        # The parser answers some malformed lines with IndexError or KeyError; whatever it is, the file is bad.
        except Exception:  # noqa: BLE001  (one file that cannot be read costs only itself)
            failed = True
            continue
        left -= sum(len(family.samples) for family in told)
        if left < 0:
            failed = True
            break
        families.extend(family if family.help else _without_help(family, path) for family in told)
        text = "Unixtime mtime of textfiles successfully read."
        built.gauge("node_textfile_mtime_seconds", text, (("file", path),), round(os.stat(path).st_mtime, 3))
    text = "1 if there was an error opening or reading a file, 0 otherwise"
    built.gauge("node_textfile_scrape_error", text, (), float(failed))
    return families + built.families()


def _files(folder: str) -> list[str]:
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".prom"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(path: str) -> list[Family]:
    if os.stat(path).st_size > FILE_BYTES_MAX:
        raise ValueError(f"longer than {FILE_BYTES_MAX} bytes")
    return parse_textfile(read_bytes(path).decode("utf-8"))


def _without_help(family: Family, path: str) -> Family:
    return Family(family.name, family.type, f"Metric read from {path}", family.samples)
