"""The run of all collectors: one that fails costs only itself, on any machine and whatever its files say."""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from hannun.collect.host import COLLECTORS, HostCollector, NoData, Options, Roots, collector
from hannun.collect.host.registry import Reader
from hannun.model.family import Family
from hannun.model.metric import METRIC_TYPES
from hannun.wire.exposition import encode_openmetrics


@pytest.fixture
def registered() -> Iterator[Callable[[str, Reader], None]]:
    names: list[str] = []

    def add(name: str, reader: Reader) -> None:
        names.append(name)
        collector(name)(reader)

    yield add
    for name in names:
        del COLLECTORS[name]


def success(families: list[Family]) -> dict[str, float]:
    family = next(family for family in families if family.name == "node_scrape_collector_success")
    return {dict(sample.labels)["collector"]: sample.value for sample in family.samples}


def test_a_failing_collector_costs_only_itself(
    registered: Callable[[str, Reader], None], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_roots: Roots) -> list[Family]:
        raise ZeroDivisionError("a bug")

    def none(_roots: Roots) -> list[Family]:
        raise NoData("no such hardware")

    registered("broken", broken)
    registered("none", none)
    host = HostCollector(only=["broken", "loadavg", "none"])
    with caplog.at_level(logging.WARNING, "hannun.collect.host"):
        families = host.collect()
        host.collect()
    assert success(families) == {"broken": 0.0, "loadavg": 1.0, "none": 0.0}
    assert "node_load1" in {family.name for family in families}
    status = {row.name: row for row in host.status()}
    assert (status["broken"].ok, status["broken"].error) == (False, "ZeroDivisionError: a bug")
    assert (status["none"].ok, status["none"].absent) == (True, True)
    assert [record.message for record in caplog.records] == ["host collector broken: ZeroDivisionError: a bug"]


def test_two_collectors_of_one_name_are_refused() -> None:
    HostCollector()
    with pytest.raises(AssertionError, match="already provided"):
        collector("cpu")(lambda _roots: [])


def test_a_page_asked_for_twice_at_once_is_read_once(registered: Callable[[str, Reader], None]) -> None:
    reads: list[int] = []

    def counting(_roots: Roots) -> list[Family]:
        reads.append(1)
        return []

    registered("counting", counting)
    host = HostCollector(only=["counting"])
    assert host.page() == host.page()
    assert len(reads) == 1


def test_families_are_sorted_and_well_formed() -> None:
    families = HostCollector().collect()
    names = [family.name for family in families]
    assert names == sorted(set(names))
    for family in families:
        assert family.type in METRIC_TYPES
        assert family.help
        series = [sample[:2] for sample in family.samples]
        assert len(series) == len(set(series)), f"{family.name} tells a series twice"
        for sample in family.samples:
            assert sample.name == family.name
            assert all(re.fullmatch(r"[a-z_]+", name) for name, _ in sample.labels)


def test_the_strict_openmetrics_parser_reads_all_of_it(machine: Callable[[str], Roots]) -> None:
    families = HostCollector(machine("server")).collect()
    read = list(openmetrics.text_string_to_metric_families(encode_openmetrics(families).decode()))
    assert len(read) == len(families)


@pytest.mark.parametrize("name", ["server", "vm"])
def test_the_page_of_a_recorded_machine(
    name: str, machine: Callable[[str], Roots], golden: Callable[[str, str], None]
) -> None:
    """What changes from run to run is left out: durations, the clock, the disk below the recorded tree, our version."""
    roots = machine(name)
    page = HostCollector(roots).page().decode().replace(os.path.dirname(roots.procfs), "")
    unstable = re.compile(
        r"^(# (HELP|TYPE) )?node_(scrape_collector_duration|time_seconds|time_zone|timex|uname|exporter_build"
        r"|textfile_mtime|filesystem_(size|free|avail|files))"
    )
    lines = [line for line in page.splitlines() if not unstable.match(line)]
    # Processes come as the folder lists them, and every file system lists in an order of its own.
    ours = [at for at, line in enumerate(lines) if line.startswith("hannun_process_")]
    for _, run in groupby(ours, key=lambda at: lines[at].partition("{")[0]):
        places = list(run)
        lines[places[0] : places[-1] + 1] = sorted(lines[places[0] : places[-1] + 1])
    golden(f"collect/{name}.prom", "".join(f"{line}\n" for line in lines))


def test_rubbish_in_any_file_costs_only_its_collector(machine: Callable[[str], Roots], tmp_path: Path) -> None:
    """Every file of a machine, one after the other, holds what no kernel would write; nobody else may notice."""
    roots = machine("server")
    whole = success(HostCollector(roots).collect())
    folder = Path(roots.procfs).parent
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    dice = random.Random(7)
    rubbish = [
        b"",
        b"\n",
        b"\xff\xfe\x00",
        b"1e999 nan -inf",
        b": : :\n::",
        b"a" * 5000,
        bytes(range(256)),
        b"-1\n" * 50,
    ]
    for path in dice.sample(files, 60):
        good = path.read_bytes()
        path.write_bytes(dice.choice(rubbish))
        try:
            host = HostCollector(roots)
            now = success(host.collect())
            list(text_string_to_metric_families(host.page().decode()))
        finally:
            path.write_bytes(good)
        hurt = [name for name in whole if now[name] < whole[name]]
        assert len(hurt) <= 3, f"{path} hurt {hurt}"  # /proc/stat and sockstat serve two collectors each.


def _as_nobody(answer: Connection) -> None:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    host = HostCollector()
    host.collect()
    answer.send([row.error for row in host.status() if not row.ok])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become nobody")
def test_it_needs_no_privilege() -> None:
    HostCollector().collect()  # Imports everything that nobody could perhaps not read.
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_as_nobody, args=(theirs,))
    child.start()
    assert ours.poll(20)
    assert ours.recv() == []
    child.join(10)


def test_options_leave_out_what_they_name() -> None:
    families = HostCollector(options=Options(disks_exclude=re.compile("."))).collect()
    assert not [family for family in families if family.name.startswith("node_disk_") and family.samples]
