"""deploy/hannun.service: systemd understands every line of it, and the guide speaks of the same places."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hannun.testing.pages import DOCS, LANGS, page

UNIT = DOCS.parent / "deploy" / "hannun.service"
APP = "/opt/hannun/app"
MOUNTING = {"ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateMounts", "ReadOnlyPaths"}


def unit() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(UNIT.read_text(encoding="utf-8"))
    return parsed


@pytest.mark.parametrize("kind", ["--system", "--user"])
def test_systemd_understands_the_units(tmp_path: Path, kind: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here (Debian: apt install systemd)")
    program = tmp_path / ".venv" / "bin" / "hannun"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = UNIT.read_text(encoding="utf-8")
    if kind == "--user":
        text = page("en", "guide/run-as-a-service.md").block("ini").text
    file = tmp_path / "hannun.service"
    file.write_text(text.replace(APP, str(tmp_path)).replace("%h/hannun", str(tmp_path)), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", kind, str(file)], capture_output=True, text=True)
    about_us = [line for line in done.stderr.splitlines() if "hannun" in line]
    assert about_us == []


def test_the_guide_and_the_unit_speak_of_the_same_places() -> None:
    service = unit()["Service"]
    assert service["ExecStart"] == f"{APP}/.venv/bin/hannun serve"
    assert service["Environment"] == f"HANNUN_DATA_DIR=/var/lib/{service['StateDirectory']}"
    for lang in LANGS:
        text = page(lang, "guide/run-as-a-service.md").text
        for place in (APP, "/var/lib/hannun", "/etc/hannun/hannun.yml", service["EnvironmentFile"].lstrip("-")):
            assert place in text
        assert set(re.findall(r"/etc/hannun/(\S+?\.\w+)", text)) == {"hannun.yml", "hannun.env"}


def test_wrong_settings_are_not_tried_again() -> None:
    from hannun.cli.terminal import MISUNDERSTOOD

    assert unit()["Service"]["RestartPreventExitStatus"] == str(MISUNDERSTOOD)


def test_systemd_waits_longer_than_a_stop_takes() -> None:
    from hannun.app import STOP_WITHIN_S

    assert int(unit()["Service"]["TimeoutStopSec"]) > STOP_WITHIN_S


def test_the_unit_changes_nothing_of_what_the_collectors_see() -> None:
    """A read-only view of `/` would be reported as a read-only disk."""
    assert not MOUNTING & set(unit()["Service"])
