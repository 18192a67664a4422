"""Secrets by their words or from a file that is read at each use, so that a rotated one needs no reload."""

from __future__ import annotations

from pathlib import Path

from hannun.collect.http_client.answer import Failure, FetchError
from hannun.config.http_client import Secret

FILE_BYTES_MAX = 64 << 10


def read_secret(secret: Secret) -> str:
    """Raises FetchError(SECRET) that names the file, never its content."""
    return secret.text if secret.file is None else read_secret_file(secret.file)


def read_secret_file(path: Path) -> str:
    """Without the white space around it, as Prometheus reads it."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as err:
        raise FetchError(Failure.SECRET, f"unable to read secret file {path}: {err.strerror or err}") from err
    if len(content) > FILE_BYTES_MAX:
        raise FetchError(Failure.SECRET, f"secret file {path} is larger than {FILE_BYTES_MAX >> 10} KiB")
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError as err:
        raise FetchError(Failure.SECRET, f"secret file {path} is not UTF-8 text") from err
