"""Names of releases, distributions and environments: which of them may name something."""

from __future__ import annotations

import re

from hannun.process.events.remarks import INVALID, Remarks
from hannun.process.identity import known

RELEASE_CHARACTERS_MAX = 200
ENVIRONMENT_CHARACTERS_MAX = 64
DIST_CHARACTERS_MAX = 64
DEFAULT_ENVIRONMENT = "production"
_FORBIDDEN = re.compile(r"[\n\r\t\f\x00/\\]")
_DIST = re.compile(r"[a-zA-Z0-9_.\-]+")


def release_name(name: str) -> str:
    """`name` when it may name a release, else "". `unknown` and the like name none."""
    name = known(name)
    if not name or name in (".", "..") or len(name) > RELEASE_CHARACTERS_MAX or _FORBIDDEN.search(name):
        return ""
    return name


def read_release(raw: str, remarks: Remarks) -> str:
    """The release, or "" with a remark when this is none."""
    if (name := release_name(raw)) or not raw.strip():
        return name
    if known(raw):
        reason = "a release's name has no /, \\, tab or line end and at most 200 characters"
    else:
        reason = "says that the release is not known, so it names none"
    remarks.add(INVALID, "release", reason, raw)
    return ""


def read_environment(raw: str, remarks: Remarks) -> str:
    name = raw.strip()
    if not known(name):
        return DEFAULT_ENVIRONMENT
    if len(name) > ENVIRONMENT_CHARACTERS_MAX or _FORBIDDEN.search(name):
        remarks.add("invalid_environment", "environment", "has no /, tab or line end and at most 64 characters", raw)
        return DEFAULT_ENVIRONMENT
    return name


def read_dist(raw: str, remarks: Remarks) -> str:
    name = raw.strip()
    if name and (len(name) > DIST_CHARACTERS_MAX or not _DIST.fullmatch(name)):
        remarks.add(INVALID, "dist", "has letters, digits, . _ and - and at most 64 of them", raw)
        return ""
    return name
