"""Batches on the disk: whole or not there, in order, within their bound; and how far each source was read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hannun.collect.tail.place import Place
from hannun.collect.tail.positions import Positions, promtail_text, read_promtail
from hannun.collect.tail.spool import Spool, SpoolFull

PLACE = Place("/var/log/a.log", 120, 1, 2, "ab", 16)


def test_segments_come_back_in_order_over_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path, bytes_max=1 << 20)
    for number in range(3):
        spool.add(b"body %d" % number, [PLACE], {"journal-x": f"s={number}"})
    again = Spool(tmp_path, bytes_max=1 << 20)
    bodies = []
    while segment := again.first():
        bodies.append((segment.body, segment.places, segment.cursors))
        again.done(segment)
    assert bodies == [(b"body %d" % n, (PLACE,), {"journal-x": f"s={n}"}) for n in range(3)]
    again.saved()
    assert len(Spool(tmp_path, bytes_max=1)) == 0


def test_new_segments_never_take_the_number_of_one_that_waits(tmp_path: Path) -> None:
    Spool(tmp_path, bytes_max=1 << 20).add(b"old", [])
    spool = Spool(tmp_path, bytes_max=1 << 20)
    spool.add(b"new", [])
    assert [segment.body for segment in spool.newest()] == [b"new", b"old"]


def test_the_bound_holds_and_an_empty_spool_takes_anything(tmp_path: Path) -> None:
    spool = Spool(tmp_path, bytes_max=1000)
    first = spool.add(b"x" * 5000, [])
    with pytest.raises(SpoolFull):
        spool.add(b"y", [])
    spool.done(first)
    spool.add(b"y", [])


def test_what_was_half_written_when_we_were_killed_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "000000000001.tmp").write_bytes(b"half")
    assert Spool(tmp_path, bytes_max=1000).first() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" + data[1:]])
def test_a_torn_segment_is_put_aside_and_holds_up_nobody(tmp_path: Path, harm) -> None:
    spool = Spool(tmp_path, bytes_max=1 << 20)
    spool.add(b"first", [PLACE])
    spool.add(b"second", [PLACE])
    path = tmp_path / "000000000001.batch"
    path.write_bytes(harm(path.read_bytes()))
    found = spool.first()
    assert found is not None
    assert found.body == b"second"
    assert (tmp_path / "000000000001.broken").exists()


def test_positions_survive_and_promtails_follow(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "positions.json", tmp_path / "positions.yaml"
    positions = Positions(ours, theirs)
    positions.places[PLACE.path] = PLACE
    positions.cursors["journal-system"] = "s=1;i=2"
    assert positions.save()
    again = Positions(ours, theirs)
    assert (again.places, again.cursors) == ({PLACE.path: PLACE}, {"journal-system": "s=1;i=2"})
    assert yaml.safe_load(theirs.read_text()) == {"positions": {"/var/log/a.log": "120", "journal-system": "s=1;i=2"}}


def test_moving_in_reads_promtails_positions(tmp_path: Path) -> None:
    theirs = tmp_path / "positions.yaml"
    theirs.write_text('positions:\n  /var/log/syslog: "4711"\n  journal-x: "s=9"\n  cursor-abc: "1700000000"\n')
    positions = Positions(tmp_path / "positions.json", theirs)
    assert positions.places == {"/var/log/syslog": Place("/var/log/syslog", 4711)}
    assert positions.cursors == {"journal-x": "s=9", "cursor-abc": "1700000000"}


@pytest.mark.parametrize("content", ["", "positions:", "[1]", "positions: [1]", "\x00", "a: &a [*a]", "- positions"])
def test_a_positions_file_of_nonsense_is_no_positions(tmp_path: Path, content: str) -> None:
    file = tmp_path / "positions.yaml"
    file.write_text(content)
    assert read_promtail(file) == ({}, {})
    (tmp_path / "positions.json").write_text(content)
    assert Positions(tmp_path / "positions.json", file).places == {}


def test_a_place_that_cannot_be_saved_is_said_and_costs_nothing(tmp_path: Path, caplog) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    positions = Positions(blocked / "positions.json")
    positions.places[PLACE.path] = PLACE
    assert not positions.save()
    assert "could not be saved" in caplog.text


def test_promtails_form_has_every_value_quoted() -> None:
    assert '"120"' in promtail_text({PLACE.path: PLACE}, {})
