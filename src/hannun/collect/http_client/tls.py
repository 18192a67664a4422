"""`tls_config` -> an `SSLContext`. Blocks (reads files, loads the trust store): call it in a thread."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from hannun.collect.http_client.answer import Failure, FetchError
from hannun.collect.http_client.secret import read_secret
from hannun.config.http_client import TlsConfig

VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}

Stamp = tuple[tuple[str, int, int], ...]


def stamp(config: TlsConfig) -> Stamp:
    """Changes when one of the files was replaced: the context must be made anew then. A missing file is no stamp."""
    found = []
    for path in (config.ca_file, config.cert_file, config.key_file, config.key.file):
        if path is not None:
            try:
                state = path.stat()
            except OSError:
                continue
            found.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(found)


def make_context(config: TlsConfig) -> ssl.SSLContext:
    """Raises FetchError(TLS) that names the file or key which cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if config.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not (config.ca_file or config.ca):
        _trust_the_system(context)
    # Also with insecure_skip_verify, so that a path that is wrong is told now and not when it is switched off.
    if config.ca_file is not None:
        _loading(f"ca_file {config.ca_file}", lambda: context.load_verify_locations(cafile=config.ca_file))
    if config.ca:
        _loading("ca", lambda: context.load_verify_locations(cadata=config.ca))
    context.minimum_version = VERSIONS.get(config.min_version, ssl.TLSVersion.TLSv1_2)
    if config.max_version:
        context.maximum_version = VERSIONS[config.max_version]
    _present(context, config)
    return context


def _present(context: ssl.SSLContext, config: TlsConfig) -> None:
    """Our own certificate. OpenSSL only reads files, so PEM that stands in the config passes through a private one."""
    if not (config.cert_file or config.cert):
        return
    key = config.key_file or config.key.file
    with (
        _as_file(config.cert_file, config.cert) as cert_path,
        _as_file(key, read_secret(config.key) if key is None else "") as key_path,
    ):
        name = f"cert {config.cert_file or '(in the config)'} with key {key or '(in the config)'}"
        assert cert_path is not None
        _loading(name, partial(context.load_cert_chain, cert_path, key_path))


@contextmanager
def _as_file(path: Path | None, text: str) -> Iterator[Path | None]:
    if path is not None or not text:
        yield path
        return
    handle, name = tempfile.mkstemp(prefix="hannun-", suffix=".pem")  # Mode 600.
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _loading(what: str, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ssl.SSLError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise FetchError(Failure.TLS, f"tls_config: unable to use {what}: {reason}") from err


def _trust_the_system(context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        context.load_default_certs()
        return
    import certifi  # A slim container has no trust store of its own.

    context.load_verify_locations(cafile=certifi.where())
