from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from hannun.model.errors import ConfigError
from hannun.web import tls
from hannun.web.tls import TlsFiles


def test_a_pair_makes_a_context_of_today(make_pair: Any) -> None:
    context = tls.context(make_pair("a.example"))
    assert context.minimum_version >= tls.ssl.TLSVersion.TLSv1_2


def missing(files: TlsFiles, tmp_path: Path) -> TlsFiles:
    return replace(files, cert=tmp_path / "nowhere.pem")


def a_folder(files: TlsFiles, tmp_path: Path) -> TlsFiles:
    return replace(files, key=tmp_path)


def rubbish(files: TlsFiles, tmp_path: Path) -> TlsFiles:
    files.cert.write_text("not PEM")
    return files


def swapped(files: TlsFiles, tmp_path: Path) -> TlsFiles:
    return TlsFiles(files.key, files.cert)


def locked(files: TlsFiles, tmp_path: Path) -> TlsFiles:
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    return files


@pytest.mark.parametrize("spoil", [missing, a_folder, rubbish, swapped, locked])
def test_files_that_cannot_be_used_are_one_line_naming_the_flag(make_pair: Any, tmp_path: Path, spoil: Any) -> None:
    files = spoil(make_pair("a.example"), tmp_path)
    with pytest.raises(ConfigError) as raised:
        tls.context(files)
    for lang in ("en", "ko"):
        words = raised.value.say(lang)
        assert "--tls-" in words
        assert "\n" not in words


def test_a_key_of_another_certificate_is_refused(make_pair: Any, tmp_path: Path) -> None:
    files = make_pair("a.example")
    other = files.key.read_bytes()
    make_pair("b.example")
    files.key.write_bytes(other)
    with pytest.raises(ConfigError, match="cannot be used together"):
        tls.context(files)
