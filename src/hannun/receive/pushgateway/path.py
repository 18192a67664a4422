"""`/metrics/job/<job>{/<name>/<value>}` -> grouping labels, with Pushgateway's own words for what is wrong."""

from __future__ import annotations

import base64
import binascii
import re

from hannun.model.errors import WireError
from hannun.model.pushed import Pairs

BASE64 = "@base64"
LABELS_MAX = 64
VALUE_BYTES_MAX = 4096
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def grouping(rest: str, *, job_is_base64: bool) -> Pairs:
    """`rest` is what stands behind `/metrics/job/`. Sorted by name, job included. Raises WireError."""
    first, slash, more = rest.partition("/")
    job = first
    if job_is_base64:
        try:
            job = decoded(first)
        except ValueError as err:
            raise WireError(f'invalid base64 encoding in job name "{first[:100]}": {err}') from err
    if not job:
        raise WireError("job name is required")
    parts = more.split("/") if slash else []
    if len(parts) % 2:
        raise WireError(f'odd number of components in label string "/{more[:200]}"')
    if len(parts) > 2 * LABELS_MAX:
        raise WireError(f"more than {LABELS_MAX} grouping labels")
    labels: dict[str, str] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        plain = name.removesuffix(BASE64)
        if not _NAME.fullmatch(plain) or plain.startswith("__"):
            raise WireError(f'improper label name "{plain[:100]}"')
        try:
            labels[plain] = value if name == plain else decoded(value)
        except ValueError as err:
            raise WireError(f'invalid base64 encoding for label {plain[:100]}="{value[:100]}": {err}') from err
    labels["job"] = job
    if any(len(value.encode("utf-8", "replace")) > VALUE_BYTES_MAX for value in labels.values()):
        raise WireError(f"a grouping label is longer than {VALUE_BYTES_MAX} bytes")
    if any("\ufffd" in value for value in labels.values()):
        raise WireError("a grouping label is not valid UTF-8")
    return tuple(sorted(labels.items()))


def decoded(word: str) -> str:
    """Base64 in the alphabet of URLs, padded or not. Raises ValueError."""
    raw = word.rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", raw):
        at = next(index for index, letter in enumerate(raw) if not re.fullmatch(r"[A-Za-z0-9_-]", letter))
        raise ValueError(f"illegal base64 data at input byte {at}")
    try:
        return base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as err:
        raise ValueError(f"illegal base64 data ({err})") from err
