"""What the program was made of: installed modules, debug images, the SDK."""

from __future__ import annotations

from typing import Any

from hannun.process.events.exceptions import values_of
from hannun.process.events.limits import DATA, IMAGES, NAME, PATH
from hannun.process.events.plain import shortened
from hannun.process.events.remarks import INVALID, TOO_MANY, Remarks
from hannun.process.events.shapes import Shape, as_text, text, texts

IMAGE_CHARACTERS_MAX = PATH
SDK = Shape(
    "Sdk",
    {"name": text(NAME), "version": text(NAME), "integrations": texts(NAME, 200), "features": texts(NAME, 200)},
    {"packages": DATA, "settings": DATA},
)


def read_modules(raw: Any, most: int, remarks: Remarks) -> dict[str, str] | None:
    """Name to version, at most `most`."""
    if not isinstance(raw, dict):
        remarks.add(INVALID, "modules", "expected an object", raw)
        return None
    if len(raw) > most:
        remarks.add(TOO_MANY, "modules", f"kept the first {most} of {len(raw)}")
    kept: dict[str, str] = {}
    for name, version in raw.items():
        if len(kept) >= most:
            break
        if type(version) is str and len(version) <= NAME and len(name) <= NAME:
            kept[name] = version
            continue
        written = version if isinstance(version, str) else as_text(version)
        kept[shortened(name, NAME)] = shortened(written or "", NAME)
    return kept


def read_debug_meta(raw: Any, remarks: Remarks) -> dict[str, Any] | None:
    """`images` and `sdk_info`."""
    if not isinstance(raw, dict):
        remarks.add(INVALID, "debug_meta", "expected an object", raw)
        return None
    images = values_of(raw.get("images"), "debug_meta.images", remarks)
    if len(images) > IMAGES:
        remarks.add(TOO_MANY, "debug_meta.images", f"kept the first {IMAGES} of {len(images)}")
        images = images[:IMAGES]
    kept: dict[str, Any] = {}
    if read := [_image(image) for image in images if isinstance(image, dict)]:
        kept["images"] = read
    if isinstance(raw.get("sdk_info"), dict):
        kept["sdk_info"] = DATA.read(raw["sdk_info"], "debug_meta.sdk_info", remarks)
    return kept


def _image(image: dict[str, Any]) -> dict[str, Any]:
    """Attributes of an image are flat: strings and numbers."""
    kept: dict[str, Any] = {}
    for name, value in image.items():
        if isinstance(value, str):
            kept[shortened(name, NAME)] = shortened(value, IMAGE_CHARACTERS_MAX)
        elif type(value) in (int, bool):
            kept[shortened(name, NAME)] = value
        if len(kept) >= 32:
            break
    return kept


def read_sdk(raw: Any, remarks: Remarks) -> dict[str, Any] | None:
    """Who wrote the event."""
    if isinstance(raw, str):
        name, _, version = raw.partition("/")
        raw = {"name": name, "version": version}
    if not isinstance(raw, dict):
        remarks.add(INVALID, "sdk", "expected an object", raw)
        return None
    plain = {key: item for key, item in raw.items() if key in SDK.fields}
    return SDK.read(plain, "sdk", remarks)
