"""The way to an API server: as configured, from a kubeconfig file, or as a pod of the cluster. Blocks: reads files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hannun.config import yaml
from hannun.config.complaint import Refused, quote
from hannun.config.http_client import Authorization, BasicAuth, HttpClientConfig, Secret, TlsConfig
from hannun.config.prometheus.model import KubernetesSd
from hannun.model.errors import ConfigError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Access:
    """`server` without a slash at its end. `namespace` is our own, "" where we have none."""

    server: str
    client: HttpClientConfig
    namespace: str = ""


def find(config: KubernetesSd, env: Mapping[str, str], account: Path = SERVICE_ACCOUNT) -> Access:
    """Raises ConfigError that says what is missing."""
    if config.kubeconfig_file is not None:
        found = from_kubeconfig(config.kubeconfig_file)
    elif config.api_server:
        found = Access(config.api_server, config.client, _own_namespace(account))
    else:
        found = _in_cluster(env, account)
    # Watches hold their streams open for minutes; over HTTP/2 one broken connection would end all of them.
    return replace(found, server=found.server.rstrip("/"), client=replace(found.client, enable_http2=False))


def _in_cluster(env: Mapping[str, str], account: Path) -> Access:
    host, port = env.get("KUBERNETES_SERVICE_HOST", ""), env.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise ConfigError(
            "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set",
            "set api_server or kubeconfig_file",
        )
    client = HttpClientConfig(
        authorization=Authorization(credentials=Secret(file=account / "token")),
        tls=TlsConfig(ca_file=account / "ca.crt"),
    )
    return Access(f"https://{f'[{host}]' if ':' in host else host}:{port}", client, _own_namespace(account))


def _own_namespace(account: Path) -> str:
    try:
        return (account / "namespace").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def from_kubeconfig(path: Path) -> Access:
    """Its current context. Raises ConfigError, also for logins that run a program."""
    try:
        tree = yaml.to_python(yaml.load(path.read_bytes(), str(path)).root)
    except OSError as err:
        raise ConfigError(f"kubeconfig_file {path}: {err.strerror or err}") from None
    except Refused as err:
        raise ConfigError(f"kubeconfig_file {err}") from None
    current = _text(tree, "current-context")
    context = _named(tree, path, "contexts", "context", current)
    cluster = _named(tree, path, "clusters", "cluster", _text(context, "cluster"))
    user = _named(tree, path, "users", "user", _text(context, "user")) if _text(context, "user") else {}
    for unsupported in ("exec", "auth-provider"):
        if user.get(unsupported):
            raise ConfigError(
                f"kubeconfig_file {path}: the user logs in by {unsupported}, and Hannun runs no programs",
                "use the token of a service account",
            )
    server = _text(cluster, "server")
    if not server:
        raise ConfigError(f"kubeconfig_file {path}: the cluster of context {quote(current)} has no server")
    return Access(server, _client(cluster, user, path), _text(context, "namespace"))


def _client(cluster: Mapping[str, Any], user: Mapping[str, Any], path: Path) -> HttpClientConfig:
    base = path.parent
    tls = TlsConfig(
        ca_file=_file(cluster, "certificate-authority", base),
        ca=_data(cluster, "certificate-authority-data", path),
        cert_file=_file(user, "client-certificate", base),
        cert=_data(user, "client-certificate-data", path),
        key_file=_file(user, "client-key", base),
        key=Secret(_data(user, "client-key-data", path)),
        server_name=_text(cluster, "tls-server-name"),
        insecure_skip_verify=cluster.get("insecure-skip-tls-verify") is True,
    )
    token = Secret(_text(user, "token"), _file(user, "tokenFile", base))
    if token:
        return HttpClientConfig(authorization=Authorization(credentials=token), tls=tls)
    if _text(user, "username"):
        basic = BasicAuth(_text(user, "username"), password=Secret(_text(user, "password")))
        return HttpClientConfig(basic_auth=basic, tls=tls)
    return HttpClientConfig(tls=tls)


def _named(tree: object, path: Path, group: str, key: str, name: str) -> Mapping[str, Any]:
    """The entry `name` of a kubeconfig list such as `contexts: [{name: …, context: {…}}]`."""
    entries = tree.get(group) if isinstance(tree, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(key), dict):
            found: Mapping[str, Any] = entry[key]
            return found
    raise ConfigError(f"kubeconfig_file {path}: no {key} {quote(name)} in {group}")


def _text(tree: object, key: str) -> str:
    value = tree.get(key) if isinstance(tree, Mapping) else None
    return value if isinstance(value, str) else ""


def _file(tree: Mapping[str, Any], key: str, base: Path) -> Path | None:
    return base / _text(tree, key) if _text(tree, key) else None


def _data(tree: Mapping[str, Any], key: str, path: Path) -> str:
    try:
        return base64.b64decode(_text(tree, key), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise ConfigError(f"kubeconfig_file {path}: {key} is not base64 of a PEM text") from None
