"""Prometheus's storage files: what promtool and Prometheus wrote is read, rubbish is refused with an error of ours."""

from __future__ import annotations

import contextlib
import shutil
import struct
import subprocess
from pathlib import Path

import cramjam
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import WireError
from hannun.model.labels import Labels
from hannun.wire.tsdb import (
    ChunkRef,
    Chunks,
    Index,
    Samples,
    Tombstones,
    WalReader,
    WalSeries,
    read_tombstones,
    records,
    warm,
)
from hannun.wire.tsdb.chunks import castagnoli
from hannun.wire.tsdb.xor import decode, decode_plain

START_MS = 1_700_000_000_123


class Bits:
    """Writes an XOR chunk as tsdb/chunkenc does, so that every branch of the reader is met."""

    def __init__(self) -> None:
        self.number = self.count = 0

    def put(self, value: int, count: int) -> None:
        self.number = self.number << count | value & ((1 << count) - 1)
        self.count += count

    def varint(self, value: int) -> None:
        while value > 0x7F:
            self.put(value & 0x7F | 0x80, 8)
            value >>= 7
        self.put(value, 8)

    def bytes(self) -> bytes:
        fill = -self.count % 8
        return (self.number << fill).to_bytes((self.count + fill) // 8, "big")


def chunk(samples: list[tuple[int, float]]) -> bytes:
    bits = Bits()
    bits.put(len(samples), 16)
    last_ts = last_delta = last = 0
    leading, trailing = 255, 0
    for index, (ts, value) in enumerate(samples):
        word = struct.unpack("<Q", struct.pack("<d", value))[0]
        if index == 0:
            bits.varint(ts * 2 if ts >= 0 else -ts * 2 - 1)
            bits.put(word, 64)
        else:
            delta = ts - last_ts
            if index == 1:
                bits.varint(delta)
            else:
                more = delta - last_delta
                for prefix, prefix_size, size in ((0, 1, 0), (0b10, 2, 14), (0b110, 3, 17), (0b1110, 4, 20)):
                    low, high = -((1 << size) // 2 - 1), (1 << size) // 2
                    if (size == 0 and more == 0) or (size and low <= more <= high):
                        bits.put(prefix, prefix_size)
                        bits.put(more, size)
                        break
                else:
                    bits.put(0b1111, 4)
                    bits.put(more, 64)
            last_delta = delta
            xor = word ^ last
            if not xor:
                bits.put(0, 1)
            else:
                bits.put(1, 1)
                new_leading = min(64 - xor.bit_length(), 31)
                new_trailing = (xor & -xor).bit_length() - 1
                if leading != 255 and new_leading >= leading and new_trailing >= trailing:
                    bits.put(0, 1)
                else:
                    leading, trailing = new_leading, new_trailing
                    bits.put(1, 1)
                    bits.put(leading, 5)
                    bits.put(64 - leading - trailing & 63, 6)
                bits.put(xor >> trailing, 64 - leading - trailing)
        last_ts, last = ts, word
    return bits.bytes()


def words(values: list[float]) -> list[int]:
    return np.array(values, np.float64).view(np.uint64).tolist()


steps = st.one_of(st.sampled_from([0, 15_000, 15_001, 14_999]), st.integers(0, 1 << 40))
values = st.one_of(st.sampled_from([0.0, 1.0, -0.0, 1.5, float("inf")]), st.floats(allow_nan=False))
series = st.lists(st.tuples(steps, values), max_size=30)


@settings(max_examples=300, deadline=None)
@given(rows=series)
def test_chunks_are_read_as_they_were_written(rows: list[tuple[int, float]]) -> None:
    ts, samples = START_MS, []
    for step, value in rows:
        ts += step
        samples.append((ts, value))
    data = chunk(samples)
    times, read = decode(data)
    assert times.tolist() == [ts for ts, _ in samples]
    assert read.view(np.uint64).tolist() == words([value for _, value in samples])
    assert decode_plain(data) == (times.tolist(), read.tolist())


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=60), count=st.integers(0, 40))
def test_any_bits_give_the_same_samples_or_the_same_refusal(data: bytes, count: int) -> None:
    body = struct.pack(">H", count) + data

    def read(how) -> tuple[list[int], list[int]] | None:
        try:
            ts, value = how(body)
        except WireError:
            return None
        return list(ts), np.asarray(value, np.float64).view(np.uint64).tolist()

    plain, fast = read(decode_plain), read(decode)
    assert (fast is None) == (plain is None)
    if plain is not None and fast is not None:
        assert [int(ts) for ts in fast[0]] == plain[0]
        # Python may quiet a signalling NaN on its way through `struct`; compiled code keeps every bit.
        assert [word for word in fast[1] if not is_nan(word)] == [word for word in plain[1] if not is_nan(word)]


def is_nan(word: int) -> bool:
    return word & 0x7FF0_0000_0000_0000 == 0x7FF0_0000_0000_0000 and word & 0xF_FFFF_FFFF_FFFF != 0


def segment(*bodies: bytes) -> bytes:
    out = bytearray(struct.pack(">IB3x", 0x85BD40DD, 1))
    for body in bodies:
        assert len(body) < 129
        out += bytes([len(body) - 1]) + body + struct.pack(">I", castagnoli(body))
    return bytes(out)


XOR_CHUNK = b"\x01" + chunk([(1_000, 1.0), (2_000, 2.0)])


def test_a_chunk_is_found_and_checked() -> None:
    found = Chunks([segment(XOR_CHUNK)]).read(ChunkRef(0, 0, 0, 8))
    assert (found.ts_ms.tolist(), found.value.tolist(), found.histograms) == ([1_000, 2_000], [1.0, 2.0], None)


@pytest.mark.parametrize(
    ("segments", "ref", "said"),
    [
        pytest.param([b"rubbish!"], (0, 8), "no segment", id="not a segment"),
        pytest.param([segment(XOR_CHUNK)[:4] + b"\x09" + bytes(3)], (0, 8), "format 9", id="format of the future"),
        pytest.param([segment(XOR_CHUNK)], (1, 8), "not there", id="file missing"),
        pytest.param([segment(XOR_CHUNK)], (0, 1 << 30), "truncated", id="beyond the file"),
        pytest.param([segment(XOR_CHUNK)[:-1]], (0, 8), "truncated", id="cut"),
        pytest.param([segment(XOR_CHUNK)[:-1] + b"x"], (0, 8), "damaged", id="wrong sum"),
        pytest.param([segment(b"\x09" + XOR_CHUNK)], (0, 8), "unknown encoding 9", id="unknown encoding"),
    ],
)
def test_chunks_that_cannot_be_read(segments: list[bytes], ref: tuple[int, int], said: str) -> None:
    with pytest.raises(WireError, match=said):
        Chunks(segments).read(ChunkRef(0, 0, *ref))


def uvarint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def index_of(version: int) -> bytes:
    """An index of one series with two chunks, by hand: nobody writes format 1 any more."""
    names = ("__name__", "city", "up", "서울")
    head = struct.pack(">IB", 0xBAAAD700, version)
    entries, places = b"", {}
    for name in names:
        places[name] = len(head) + 8 + len(entries) if version == 1 else len(places)
        entries += uvarint(len(name.encode())) + name.encode()
    symbols = struct.pack(">I", len(names)) + entries
    section = struct.pack(">I", len(symbols)) + symbols + struct.pack(">I", castagnoli(symbols))
    body = head + section
    body += bytes(-len(body) % 16) if version == 2 else b""
    labels = b"\x02" + b"".join(uvarint(places[name]) for name in ("__name__", "up", "city", "서울"))
    chunks = b"\x02" + uvarint(2_000) + uvarint(500) + uvarint(8) + uvarint(100) + uvarint(50) + uvarint((1 << 32) * 2)
    content = labels + chunks
    series_at = len(body)
    body += uvarint(len(content)) + content + struct.pack(">I", castagnoli(content))
    end = len(body)
    toc = struct.pack(">6Q", len(head), series_at, end, end, end, end)
    return body + toc + struct.pack(">I", castagnoli(toc))


@pytest.mark.parametrize("version", [1, 2])
def test_an_index_of_either_format(version: int) -> None:
    (series,) = Index(index_of(version)).series()
    assert series.labels == Labels.of(__name__="up", city="서울")
    assert series.chunks == (ChunkRef(1_000, 1_500, 0, 8), ChunkRef(1_600, 1_650, 1, 8))
    assert series.ref > 0


@settings(max_examples=400, deadline=None)
@given(
    version=st.sampled_from([1, 2]),
    flips=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=5),
    cut=st.integers(0, 120),
)
def test_a_spoiled_index_is_refused_or_read(version: int, flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(index_of(version))
    for at, byte in flips:
        data[at % len(data)] = byte
    with contextlib.suppress(WireError):
        list(Index(bytes(data[: len(data) - cut])).series())


def test_tombstones() -> None:
    body = uvarint(3) + uvarint(200) + uvarint(400) + uvarint(3) + uvarint(3) + uvarint(1)
    data = struct.pack(">IB", 0x0130BA30, 1) + body + bytes(4)
    found = read_tombstones(data)
    assert len(found) == 2
    alive = found.alive(3, np.array([-2, 99, 100, 200, 201]))
    assert alive is not None
    assert alive.tolist() == [False, True, False, False, True]
    assert found.alive(4, np.array([1])) is None
    assert len(read_tombstones(b"")) == len(Tombstones({})) == 0
    for broken in (b"x" * 20, data[:-6], data[:5]):
        with pytest.raises(WireError, match="tombstones"):
            read_tombstones(broken)


def framed(record: bytes, *, kind: int = 1, flags: int = 0) -> bytes:
    return struct.pack(">BHI", kind | flags, len(record), castagnoli(record)) + record


SERIES_RECORD = b"\x01" + struct.pack(">Q", 7) + b"\x01" + b"\x08__name__" + b"\x02up"
SAMPLES_RECORD = (
    b"\x02" + struct.pack(">Qq", 7, 1_000) + b"\x00\x00" + struct.pack(">d", 1.5) + b"\x00\x14" + struct.pack(">d", 2.5)
)


def test_records_of_a_log() -> None:
    packed = bytes(cramjam.snappy.compress_raw(SAMPLES_RECORD))
    half = len(SERIES_RECORD) // 2
    data = (
        framed(SERIES_RECORD[:half], kind=2)
        + framed(SERIES_RECORD[half:], kind=4)
        + framed(packed, flags=8)
        + framed(bytes(cramjam.zstd.compress(SAMPLES_RECORD)), flags=16)
        + framed(b"\x63future")
    )
    reader = WalReader()
    found = [reader.read(record) for record in records(data + bytes(40_000))]
    assert found[0] == [WalSeries(7, Labels.of(__name__="up"))]
    for samples in found[1:3]:
        assert isinstance(samples, Samples)
        assert (samples.ref.tolist(), samples.ts_ms.tolist()) == ([7, 7], [1_000, 1_010])
        assert samples.value.tolist() == [1.5, 2.5]
    assert found[3:] == [None]
    assert reader.other_records == 1


@settings(max_examples=400, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 100),
    record=st.one_of(st.binary(max_size=60), st.sampled_from([SERIES_RECORD, SAMPLES_RECORD])),
)
def test_a_spoiled_log_is_refused_or_read(flips: list[tuple[int, int]], cut: int, record: bytes) -> None:
    dirty = bytearray(record)
    for at, byte in flips:
        if dirty:
            dirty[at % len(dirty)] = byte
    data = framed(SERIES_RECORD) + framed(bytes(dirty)) + framed(SAMPLES_RECORD)
    reader = WalReader()
    with contextlib.suppress(WireError):
        for one in records(data[: len(data) - cut]):
            reader.read(one)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's promtool (prometheus) is not installed")
def test_blocks_of_the_real_promtool(tmp_path: Path) -> None:
    start_s = 1_700_000_000
    told = {
        Labels.of(__name__="temp", city=city, n=str(number)): [
            (start_s * 1000 + at * 30_123, number + at * 0.25 if at % 7 else float("nan")) for at in range(400)
        ]
        for city in ("서울", 'a\\"b')
        for number in range(5)
    }
    lines = [
        f"{str(labels).replace(', ', ',')} {'NaN' if value != value else value} {ts / 1000:.3f}"
        for labels, points in told.items()
        for ts, value in points
    ]
    (tmp_path / "in.om").write_text("\n".join(["# TYPE temp gauge", *lines, "# EOF\n"]), encoding="utf-8")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "in.om"), str(tmp_path / "out")],
        check=True,
        capture_output=True,
    )
    found: dict[Labels, list[tuple[int, str]]] = {}
    for block in sorted((tmp_path / "out").iterdir()):
        index = Index((block / "index").read_bytes())
        chunks = Chunks([path.read_bytes() for path in sorted((block / "chunks").iterdir())])
        for series in index.series():
            for ref in series.chunks:
                one = chunks.read(ref)
                found.setdefault(series.labels, []).extend(
                    (ts, repr(value)) for ts, value in zip(one.ts_ms.tolist(), one.value.tolist(), strict=True)
                )
    assert {labels: sorted(points) for labels, points in found.items()} == {
        labels: [(ts, repr(float(value))) for ts, value in points] for labels, points in told.items()
    }


def test_warming_compiles() -> None:
    warm()
    assert castagnoli(b"123456789") == 0xE3069283, "the check value of CRC-32C"
