"""Stack traces: frames from the oldest call to the newest, trimmed in the middle, each known to be in-app or not."""

from __future__ import annotations

from typing import Any, TypeGuard

from hannun.process.events.in_app import in_app
from hannun.process.events.limits import CONTEXT_LINES, DATA, FRAMES, LINE, PATH, SYMBOL, VARS
from hannun.process.events.remarks import INVALID, TOO_MANY, Remarks
from hannun.process.events.shapes import BOOLEAN, INTEGER, Shape, text, texts

FRAME = Shape(
    "Frame",
    {
        "filename": text(PATH),
        "abs_path": text(PATH),
        "function": text(SYMBOL),
        "raw_function": text(SYMBOL),
        "module": text(SYMBOL),
        "package": text(PATH),
        "symbol": text(SYMBOL),
        "platform": text(64),
        "lang": text(64),
        "lineno": INTEGER,
        "colno": INTEGER,
        "pre_context": texts(LINE, CONTEXT_LINES),
        "context_line": text(LINE),
        "post_context": texts(LINE, CONTEXT_LINES),
        "source_link": text(PATH),
        "in_app": BOOLEAN,
        "image_addr": text(64),
        "instruction_addr": text(64),
        "symbol_addr": text(64),
        "addr_mode": text(64),
        "function_id": text(64),
        "trust": text(64),
        "stack_start": BOOLEAN,
    },
    {"vars": VARS, "data": DATA, "lock": DATA},
)
STACK = Shape(
    "Stack", {"lang": text(64), "snapshot": BOOLEAN, "instruction_addr_adjustment": text(64)}, {"registers": DATA}
)
_LEGACY = {"code": "context_line", "vendor": "package"}


def read_stacktrace(raw: Any, path: str, platform: str, remarks: Remarks) -> dict[str, Any] | None:
    """A stack trace (`{"frames": […]}` or the list alone), or None when nothing of it can be used."""
    if isinstance(raw, list):
        raw = {"frames": raw}
    if not isinstance(raw, dict):
        remarks.add(INVALID, path, "expected a stack trace", raw)
        return None
    omitted = raw.get("frames_omitted")
    frames = raw.get("frames")
    others = {key: item for key, item in raw.items() if key not in ("frames", "frames_omitted")}
    kept = STACK.read(others, path, remarks) if others else {}
    if isinstance(frames, dict) and isinstance(frames.get("values"), list):
        frames = frames["values"]
    if frames is not None and not isinstance(frames, list):
        remarks.add(INVALID, f"{path}.frames", "expected a list of frames", frames)
        frames = None
    if frames is None:
        return kept or None
    if len(frames) > FRAMES:
        remarks.add(TOO_MANY, f"{path}.frames", f"kept the first and last {FRAMES // 2} of {len(frames)} frames")
        # The same bounds as the SDKs tell it: the frames from the first up to, and not with, the second are left out.
        omitted = [FRAMES // 2, len(frames) - FRAMES // 2]
        frames = frames[: FRAMES // 2] + frames[-(FRAMES // 2) :]
    kept = {"frames": _frames(frames, path, platform, remarks), **kept}
    if _is_range(omitted):
        kept["frames_omitted"] = list(omitted)
    return kept


def _frames(raw: list[Any], path: str, platform: str, remarks: Remarks) -> list[dict[str, Any]]:
    frames = raw if FRAME.fits(raw) else [_frame(one, f"{path}.frames.{at}", remarks) for at, one in enumerate(raw)]
    for at, frame in enumerate(frames):
        if "in_app" not in frame and (own := in_app(frame, platform)) is not None:
            if frames is raw:
                frames = list(raw)
            frames[at] = {**frame, "in_app": own}
    return frames


def _frame(raw: Any, path: str, remarks: Remarks) -> dict[str, Any]:
    # A frame that cannot be read keeps its place: the ones around it must not seem to call each other.
    if not isinstance(raw, dict):
        if raw is not None:
            remarks.add(INVALID, path, "expected a frame", raw)
        return {}
    return FRAME.read(raw, path, remarks)


def _is_range(omitted: Any) -> TypeGuard[list[int]]:
    return (
        isinstance(omitted, list)
        and len(omitted) == 2
        and all(type(bound) is int and 0 <= bound < 2**53 for bound in omitted)
    )
