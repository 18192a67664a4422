"""Session replays: one envelope per piece, which holds an event and the recording, or both and a video in msgpack."""

from __future__ import annotations

from hannun.model.errors import WireError
from hannun.wire.sentry import fields
from hannun.wire.sentry.jsons import load_object

HEADER_BYTES_MAX = 4_096


def recording(payload: bytes | memoryview) -> tuple[int, bytes]:
    """Number of the segment and the recording: a zlib stream or plain JSON. Raises WireError."""
    raw = bytes(payload)
    end = raw.find(b"\n", 0, HEADER_BYTES_MAX)
    if end < 0:
        raise WireError("replay_recording: the line with segment_id is missing")
    segment = fields.whole(load_object(raw[:end], "replay_recording").get("segment_id"), 10**6)
    if segment is None:
        raise WireError("replay_recording: segment_id is no number")
    return segment, raw[end + 1 :]


def video(payload: bytes | memoryview) -> dict[str, bytes]:
    """`replay_event`, `replay_recording` and `replay_video` of a mobile SDK's piece. Raises WireError."""
    import msgspec

    try:
        found = msgspec.msgpack.decode(payload, type=dict[str, bytes])
    except (msgspec.DecodeError, RecursionError) as err:
        raise WireError(f"replay_video: {str(err)[:200]}") from err
    return {name: found.get(name, b"") for name in ("replay_event", "replay_recording", "replay_video")}
