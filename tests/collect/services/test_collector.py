"""What every service has in common: outages, deadlines, labels, and passwords that nobody gets to see."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence

import pytest

from hannun.collect.host.builder import Builder
from hannun.collect.services import collector as module
from hannun.collect.services.collector import ServiceCollector
from hannun.collect.services.registry import SESSIONS, Absent, Lost, Part, Session, session_of
from hannun.config.http_client import Secret
from hannun.config.services import KINDS, ServiceUrl, parse_url

URL = ServiceUrl("postgres", "db", 5432, "bob", Secret("s3cret"))


class Script(Session):
    """A service whose parts do what the test says."""

    up = ("svc_up", "Is it up.")
    opened = 0
    closed = 0
    refuse: Exception | None = None
    dead: Exception | None = None
    steps: Sequence[tuple[str, Part]] = ()

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        if Script.refuse is not None:
            raise Script.refuse
        Script.opened += 1
        self.used = False

    def check(self) -> None:
        if self.used and Script.dead is not None:
            raise Script.dead
        self.used = True

    def parts(self) -> Sequence[tuple[str, Part]]:
        return Script.steps

    def close(self) -> None:
        Script.closed += 1


def gauge(name: str, *labels: tuple[str, str]) -> Part:
    return lambda builder: builder.gauge(name, "Help.", labels, 1.0)


def raising(err: Exception) -> Part:
    def read(builder: Builder) -> None:
        raise err

    return read


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> ServiceCollector:
    monkeypatch.setattr(module, "session_of", lambda kind: Script)
    for name, value in (("opened", 0), ("closed", 0), ("refuse", None), ("dead", None), ("steps", ())):
        monkeypatch.setattr(Script, name, value)
    return ServiceCollector("shop-db", URL, interval_s=1.0, timeout_s=1.0, labels={"env": "prod"}, monotonic=clock)


def rows(collector: ServiceCollector) -> dict[str, float]:
    return {
        " ".join([sample.name, *(f"{name}={value}" for name, value in sample.labels)]): sample.value
        for family in collector.gather()
        for sample in family.samples
    }


def test_every_kind_of_the_configuration_has_a_session() -> None:
    for kind in KINDS:
        assert session_of(kind.name).up[0].endswith("_up")
    assert set(SESSIONS) == {kind.name for kind in KINDS}


def test_labels_stand_on_every_series_but_what_the_service_says_wins(made: ServiceCollector) -> None:
    Script.steps = [("a", gauge("a")), ("b", gauge("b", ("env", "its own")))]
    assert rows(made) == {
        "svc_up env=prod": 1,
        "probe_success env=prod": 1,
        "probe_duration_seconds env=prod": 0,
        "a env=prod": 1,
        "b env=its own": 1,
    }


def test_a_part_that_fails_costs_only_itself_and_the_connection_is_made_anew(made: ServiceCollector) -> None:
    Script.steps = [
        ("bug", raising(KeyError("x"))),
        ("none", raising(Absent("no such extension"))),
        ("well", gauge("well")),
    ]
    assert rows(made)["well env=prod"] == 1
    assert [(row.name, row.ok, row.absent) for row in made.status()] == [
        ("shop-db db:5432", True, False),
        ("shop-db db:5432: bug", False, False),
        ("shop-db db:5432: none", True, True),
        ("shop-db db:5432: well", True, False),
    ]
    assert (Script.opened, Script.closed) == (1, 1)


def test_a_connection_that_is_lost_ends_the_reading_and_nothing_more(made: ServiceCollector) -> None:
    for err in (Lost("went away"), ConnectionResetError(104, "Connection reset by peer"), EOFError("end")):
        Script.steps = [("first", gauge("first")), ("second", raising(err)), ("third", gauge("third"))]
        told = rows(made)
        assert told["svc_up env=prod"] == told["first env=prod"] == 1
        assert "third env=prod" not in told
        assert made.status()[2].error == made.status()[3].error


def test_a_kept_connection_that_broke_meanwhile_is_replaced_within_the_same_reading(made: ServiceCollector) -> None:
    Script.steps = [("a", gauge("a"))]
    assert rows(made)["svc_up env=prod"] == 1
    Script.dead = BrokenPipeError("gone")
    assert rows(made)["svc_up env=prod"] == 1
    assert (Script.opened, Script.closed) == (2, 1)


def test_a_service_that_hangs_is_not_tried_twice_in_one_reading(
    made: ServiceCollector, clock: Clock, monkeypatch
) -> None:
    assert rows(made)["svc_up env=prod"] == 1
    clock.now_s += 1

    def hang(self: Script) -> None:
        clock.now_s += 5
        raise TimeoutError

    monkeypatch.setattr(Script, "check", hang)
    assert rows(made)["svc_up env=prod"] == 0
    assert Script.opened == 1
    assert made.status()[0].error == "no answer in time"


def test_parts_for_which_there_is_no_time_are_left_out(made: ServiceCollector, clock: Clock) -> None:
    def slow(builder: Builder) -> None:
        clock.now_s += 2

    Script.steps = [("slow", slow), ("late", gauge("late"))]
    assert "late env=prod" not in rows(made)
    assert made.status()[2].error == "left out: the time is up"


def test_a_loop_that_asks_too_often_gets_the_last_reading_again(made: ServiceCollector, clock: Clock) -> None:
    collector = ServiceCollector("x", URL, interval_s=60, monotonic=clock)
    first = collector.gather()
    clock.now_s += 15
    assert collector.gather() is first
    clock.now_s += 44.5
    assert collector.gather() is not first


def test_down_is_said_once_and_so_is_its_end(made: ServiceCollector, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hannun.collect.services")
    Script.refuse = OSError(111, "Connection refused")
    assert rows(made)["svc_up env=prod"] == 0
    assert rows(made)["probe_success env=prod"] == 0
    Script.refuse = None
    rows(made)
    assert [record.getMessage() for record in caplog.records] == [
        "shop-db at postgres://bob:<secret>@db:5432: Connection refused",
        "shop-db at postgres://bob:<secret>@db:5432 answers again",
    ]


def test_a_server_that_quotes_the_password_does_not_bring_it_out(made: ServiceCollector, caplog) -> None:
    Script.refuse = RuntimeError("bad login bob/s3cret" + "x" * 1000)
    rows(made)
    assert made.status()[0].error.startswith("bad login bob/<secret>xxx")
    assert len(made.status()[0].error) <= 320
    assert "s3cret" not in caplog.text


def test_a_password_file_that_is_missing_is_named(made: ServiceCollector, tmp_path) -> None:
    url = ServiceUrl("postgres", "db", 5432, password=Secret(file=tmp_path / "nothing"))
    collector = ServiceCollector("x", url)
    assert rows(collector)["svc_up"] == 0
    assert f"{tmp_path}/nothing" in collector.status()[0].error


def test_what_a_service_tells_is_bounded(made: ServiceCollector) -> None:
    def many(builder: Builder) -> None:
        for at in range(module.SAMPLES_MAX):
            builder.gauge("many", "Help.", (("at", str(at)),), 1.0)

    Script.steps = [("many", many), ("after", gauge("after"))]
    told = rows(made)
    assert len(told) == 4
    assert told["after env=prod"] == 1


def test_a_source_has_the_name_as_job_and_the_address_as_instance() -> None:
    source = ServiceCollector.of("cache", parse_url("redis://c.example"))
    assert (source.job, source.instance) == ("cache", "c.example:6379")


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_every_service_that_never_answers_is_down_in_time(kind: str) -> None:
    """A listener that accepts and says nothing: the worst that a broken machine does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = ServiceUrl(
            kind, "127.0.0.1", server.getsockname()[1], "u", Secret("pw"), path="/x" if kind == "nginx" else ""
        )
        collector = ServiceCollector("x", url, timeout_s=0.4)
        told = rows(collector)
    assert next(value for name, value in told.items() if name.endswith("_up")) == 0
    assert told["probe_success"] == 0
    assert told["probe_duration_seconds"] < 3
    assert collector.status()[0].error
