"""Compression is where a small body becomes a large one: every codec stops at its limit, and says which limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from contextlib import suppress

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.wire.compression import (
    CODECS,
    ROOM_KEPT_BYTES,
    SNAPPY_STREAM_HEAD,
    Room,
    content_encodings,
    decompress,
    snappy_block,
    snappy_view,
)

MIB = 1 << 20


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


PACK = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "snappy": lambda data: bytes(cramjam.snappy.compress_raw(data)),
    "x-snappy-framed": lambda data: bytes(cramjam.snappy.compress(data)) or SNAPPY_STREAM_HEAD,
    "zstd": lambda data: bytes(cramjam.zstd.compress(data)),
    "br": lambda data: bytes(cramjam.brotli.compress(data)),
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
}


def test_a_room_serves_bodies_of_any_size_one_after_the_other() -> None:
    room = Room()
    for size in (0, 10, 100_000, 7, ROOM_KEPT_BYTES + 1, 100):
        data = bytes(range(256)) * (size // 256 + 1)
        assert snappy_view(PACK["snappy"](data), 8 * MIB, room=room).tobytes() == data


def test_the_table_covers_every_codec() -> None:
    assert set(PACK) == set(CODECS)


@pytest.mark.parametrize("name", sorted(CODECS))
@pytest.mark.parametrize(
    "data", [b"", b"a", b"hello " * 1000, bytes(range(256)) * 500], ids=["empty", "1", "6k", "128k"]
)
def test_what_a_client_packs_comes_out_again(name: str, data: bytes) -> None:
    assert decompress(PACK[name](data), [name], limit_bytes=MIB) == data


@pytest.mark.parametrize("name", sorted(CODECS))
def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(name: str) -> None:
    data = bytes(5000)
    assert decompress(PACK[name](data), [name], limit_bytes=5000) == data
    with pytest.raises(TooLarge, match=r"4999.*receive\.body_bytes_max"):
        decompress(PACK[name](data), [name], limit_bytes=4999)


@pytest.mark.parametrize("name", sorted(set(CODECS) - {"x-gzip"}))
def test_a_bomb_costs_its_limit_and_no_more(name: str) -> None:
    bomb = PACK[name](bytes(64 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decompress(bomb, [name], limit_bytes=MIB)
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()


def test_raw_deflate_is_understood_too() -> None:
    assert decompress(raw_deflate(b"hello"), ["deflate"], limit_bytes=100) == b"hello"


def test_framed_snappy_is_recognised_under_the_plain_name() -> None:
    assert decompress(PACK["x-snappy-framed"](b"hello"), ["snappy"], limit_bytes=100) == b"hello"


def test_two_codings_are_undone_in_reverse_and_three_are_refused() -> None:
    twice = gzip.compress(PACK["zstd"](b"hello"))
    assert decompress(twice, ["zstd", "gzip"], limit_bytes=1000) == b"hello"
    with pytest.raises(Unsupported, match="stacks 3"):
        decompress(gzip.compress(twice), ["zstd", "gzip", "gzip"], limit_bytes=1000)


def test_the_inner_step_has_the_limit_too() -> None:
    # The inner gzip is itself 64 KiB long, so the outer one already goes over.
    inner = gzip.compress(bytes(range(256)) * 4096, compresslevel=0)
    with pytest.raises(TooLarge):
        decompress(gzip.compress(inner), ["gzip", "gzip"], limit_bytes=1000)


def test_an_unknown_coding_names_itself_and_those_that_are_known() -> None:
    with pytest.raises(Unsupported, match=r'"exi" is not known. known are br, deflate'):
        decompress(b"x", ["exi"], limit_bytes=10)


def test_identity_is_no_coding_but_still_has_the_limit() -> None:
    assert decompress(b"abc", ["identity"], limit_bytes=3) == b"abc"
    with pytest.raises(TooLarge):
        decompress(b"abcd", [], limit_bytes=3)


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        pytest.param(None, [], id="absent"),
        pytest.param("GZIP", ["gzip"], id="any case"),
        pytest.param("gzip, snappy ,", ["gzip", "snappy"], id="a list"),
    ],
)
def test_content_encoding_is_read_as_a_list(header: str | None, codings: list[str]) -> None:
    assert content_encodings(header) == codings


def test_a_snappy_header_of_4_gib_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(TooLarge, match="declares 4294967295 bytes"):
        snappy_block(b"\xff\xff\xff\xff\x0f" + bytes(100), 64 * MIB)


def test_a_snappy_header_that_no_such_body_can_keep_is_refused() -> None:
    with pytest.raises(WireError, match="cannot hold"):
        snappy_block(b"\x80\x80\x80\x10" + bytes(10), 64 * MIB)


@pytest.mark.parametrize("name", sorted(CODECS))
@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300), cut=st.integers(0, 300), flip=st.integers(0, 300), bit=st.integers(0, 7))
def test_any_bytes_give_bytes_or_an_error_of_ours(name: str, data: bytes, cut: int, flip: int, bit: int) -> None:
    packed = bytearray(PACK[name](data))
    packed[flip % len(packed)] ^= 1 << bit
    for body in (data, bytes(packed), bytes(packed[:cut])):
        with suppress(HannunError):
            assert len(decompress(body, [name], limit_bytes=1000)) <= 1000
