"""D-Bus messages: what is written is what the specification says, and any bytes are a message or a WireError."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.testing.systemd_bus import answer, message, string
from hannun.wire.dbus import Call, decode_message, encode_call, message_bytes, type_end

HELLO = Call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
GET = Call("a.b", "/x", "org.freedesktop.DBus.Properties", "Get", ("a.b.C", "한글"))


@pytest.mark.parametrize("call", [HELLO, GET])
def test_a_call_is_as_long_as_its_head_says_and_decodes_to_its_arguments(call: Call) -> None:
    encoded = encode_call(call, 7)
    assert message_bytes(encoded) == len(encoded)
    assert struct.unpack_from("<I", encoded, 8) == (7,)
    assert decode_message(encoded).values == call.arguments


def test_the_units_of_a_reply_are_read() -> None:
    reply = decode_message(answer(encode_call(Call("s", "/s", "s.M", "ListUnits"), 3)))
    assert (reply.reply_serial, reply.error) == (3, "")
    assert reply.values[0][0][:5] == ("nginx.service", "What nginx.service is", "loaded", "active", "sub")


def test_an_error_is_told_by_its_name() -> None:
    reply = decode_message(message(3, 9, "s", string("no"), "a.b.Error"))
    assert (reply.error, reply.values) == ("a.b.Error", ("no",))


@pytest.mark.parametrize(
    ("signature", "first"),
    [("s", "s"), ("as", "as"), ("a{sv}u", "a{sv}"), ("(su)s", "(su)"), ("aaas", "aaas"), ("a(s(uu))s", "a(s(uu))")],
)
def test_a_signature_is_split_into_complete_types(signature: str, first: str) -> None:
    assert signature[: type_end(signature, 0)] == first


@pytest.mark.parametrize("signature", ["a", "(", "(s", "a{s", ")", "()", "aa"])
def test_a_signature_that_does_not_end_is_refused(signature: str) -> None:
    with pytest.raises(WireError):
        type_end(signature, 0)


def test_a_message_beyond_the_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge):
        message_bytes(struct.pack("<cBBBIII", b"l", 2, 0, 1, 2**31, 1, 0))


@given(st.binary(max_size=120))
@example(struct.pack("<cBBBIII", b"l", 2, 0, 1, 0, 1, 2**32 - 1))
@example(message(2, 1, "aa()", b"\x08\0\0\0" + b"\0" * 12))
@example(message(2, 1, "v" * 200, b"\x01v\0" * 200))
@example(message(2, 1, "a" * 100 + "s", b"\0" * 64))
def test_any_bytes_are_a_message_or_a_wire_error(data: bytes) -> None:
    for whole in (data, struct.pack("<cBBBIII", b"l", 2, 0, 1, 0, 1, min(len(data), 64)) + data):
        with contextlib.suppress(WireError):
            decode_message(whole)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_reply_is_a_message_or_a_wire_error(place: int, damage: bytes) -> None:
    good = answer(encode_call(Call("s", "/s", "s.M", "ListUnits"), 3))
    place %= len(good)
    with contextlib.suppress(WireError):
        decode_message(good[:place] + damage + good[place + len(damage) :])
