"""Which operating system this is, from os-release."""

from __future__ import annotations

import re
import shlex

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots, read_text
from hannun.model.family import Family

LABELS = (
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id",
)
FILES = ("/etc/os-release", "/usr/lib/os-release")
_VERSION = re.compile(r"^[0-9]+\.?[0-9]*")


def parse_os_release(text: str) -> dict[str, str]:
    """`ID="debian"` -> {"id": "debian"}; quoting as a shell's. Lines that no shell would read are left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.strip().partition("=")
        if not separator or key.startswith("#"):
            continue
        try:
            found[key.lower()] = " ".join(shlex.split(value))
        except ValueError:
            continue
    return found


@collector("os")
def os_release(roots: Roots) -> list[Family]:
    for file in FILES:
        try:
            told = parse_os_release(read_text(roots.root(file)))
            break
        except OSError:
            continue
    else:
        raise NoData("no os-release file")
    info = tuple((label, told.get(label, "")) for label in LABELS)
    found = [
        Family.of(
            "node_os_info",
            "gauge",
            f"A metric with a constant '1' value labeled by {', '.join(LABELS)}.",
            [(info, 1.0)],
        )
    ]
    version = _VERSION.match(told.get("version_id", ""))
    if version is not None:
        labels = tuple((label, told.get(label, "")) for label in ("id", "id_like", "name"))
        text = "Metric containing the major.minor part of the OS version."
        found.append(Family.of("node_os_version", "gauge", text, [(labels, float(version[0]))]))
    return found
