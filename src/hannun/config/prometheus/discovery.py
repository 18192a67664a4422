"""Where targets come from: static_configs and every `*_sd_configs` key.

A kind that Hannun runs is one function under `@kind`. The other kinds of Prometheus load with a warning, so that one
job in a cloud does not keep the rest of the file out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from hannun.config.complaint import quote
from hannun.config.http_client import HttpClientConfig
from hannun.config.prometheus import paths, scalars
from hannun.config.prometheus.http_client import read_client
from hannun.config.prometheus.model import (
    Discovery,
    DnsSd,
    DockerSd,
    FileSd,
    HttpSd,
    KubernetesSd,
    KubernetesSelector,
    Role,
    StaticSd,
)
from hannun.config.prometheus.section import Section
from hannun.config.values import BadValue
from hannun.model.target import TargetGroup

DnsType = Literal["SRV", "A", "AAAA", "MX", "NS"]
Reader = Callable[[Section], Discovery | None]
KINDS: dict[str, Reader] = {}
NOT_SUPPORTED = (
    "aws",
    "azure",
    "consul",
    "digitalocean",
    "dockerswarm",
    "ec2",
    "eureka",
    "gce",
    "hetzner",
    "ionos",
    "kuma",
    "lightsail",
    "linode",
    "marathon",
    "nerve",
    "nomad",
    "openstack",
    "ovhcloud",
    "puppetdb",
    "scaleway",
    "serverset",
    "stackit",
    "triton",
    "uyuni",
    "vultr",
)
STATIC = "static_configs"
GROUP_TYPE = 'struct { Targets []string "yaml:\\"targets\\""; Labels model.LabelSet "yaml:\\"labels\\"" }'
ROLES: tuple[Role, ...] = get_args(Role)
DNS_TYPES = ("SRV", "A", "AAAA", "MX", "NS")
_FILE_PATTERN = re.compile(r"[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)")
_SELECTOR_ROLES: dict[Role, tuple[Role, ...]] = {
    "pod": ("pod",),
    "service": ("service",),
    "endpoints": ("endpoints", "pod", "service"),
    "endpointslice": ("endpointslice", "pod", "service"),
    "node": ("node",),
    "ingress": ("ingress",),
}


def kind(name: str) -> Callable[[Reader], Reader]:
    """Make a function the reader of one item of `<name>_sd_configs`."""

    def register(read: Reader) -> Reader:
        key = f"{name}_sd_configs"
        assert key not in KINDS, f"{key} is already read by {KINDS[key]}"
        KINDS[key] = read
        return read

    return register


def read_discoveries(section: Section, *, legacy: bool = False) -> tuple[Discovery, ...]:
    """Every discovery of a scrape job or of an Alertmanager list."""
    found: list[Discovery] = []
    groups = _static_groups(section, legacy=legacy)
    if groups:
        found.append(StaticSd(groups))
    for key, read in KINDS.items():
        # In Go each of these types decodes itself through a copy named `plain`.
        name = key.removesuffix("_sd_configs").replace("docker", "moby")
        for inner in section.sections(key, f"{name}.plain", empty=f"empty or null section in {key}"):
            discovery = read(inner)
            inner.close()
            if discovery is not None:
                found.append(discovery)
    for name in NOT_SUPPORTED:
        key = f"{name}_sd_configs"
        for _ in section.sections(key, "", empty=f"empty or null section in {key}"):
            pass  # what stands in an item is its product's own affair; that it is a list of items is not
        section.unused(
            key,
            "this kind of discovery is not supported, and its targets are not scraped",
            "지원하지 않는 디스커버리라서 그 대상은 수집하지 않습니다",
        )
    return tuple(found)


def read_group(section: Section, source: str, *, legacy: bool = False) -> TargetGroup:
    """`targets:` and `labels:` of one group, as static_configs and file_sd write them."""
    labels = section.mapping("labels")
    for name in labels:
        if not scalars.is_label(name, legacy=legacy):
            section.refuse("labels", f"{quote(name)} is not a valid label name", f"{quote(name)}: 라벨 이름이 아닙니다")
    targets = tuple({"__address__": address} for address in section.texts("targets"))
    section.close()
    return TargetGroup(source, targets, labels)


def _static_groups(section: Section, *, legacy: bool) -> tuple[TargetGroup, ...]:
    items = section.sections(STATIC, GROUP_TYPE, empty=f"empty or null section in {STATIC}")
    return tuple(read_group(inner, str(place), legacy=legacy) for place, inner in enumerate(items))


@kind("file")
def _file(section: Section) -> FileSd:
    named = section.lined_texts("files")
    if not named:
        section.refuse(
            "files",
            "file service discovery config must contain at least one path name",
            "file_sd_configs의 files에 경로가 하나는 있어야 합니다",
        )
    patterns = []
    for words, line in named:
        if not _FILE_PATTERN.fullmatch(words):
            section.source.refuse(
                line,
                f"path name {quote(words)} is not valid for file discovery",
                f"{quote(words)}: .json, .yml, .yaml 파일만 적을 수 있고, *는 파일 이름에만 쓸 수 있습니다",
            )
            continue
        patterns.append(paths.matching(words, section.source, line)[0])
    return FileSd(tuple(patterns), section.duration("refresh_interval") or 300_000)


@kind("http")
def _http(section: Section) -> HttpSd:
    address = section.url("url")
    scheme, host = _parts(address)
    if not address:
        section.refuse("url", "URL is missing", "http_sd_configs에 url이 있어야 합니다")
    elif scheme not in ("http", "https"):
        section.refuse("url", "URL scheme must be 'http' or 'https'", "url은 http나 https로 시작해야 합니다")
    elif not host:
        section.refuse("url", "host is missing in URL", "url에 호스트가 없습니다")
    return HttpSd(address, section.duration("refresh_interval") or 60_000, read_client(section))


@kind("dns")
def _dns(section: Section) -> DnsSd:
    names = section.texts("names")
    if not names:
        section.refuse(
            "names",
            "DNS-SD config must contain at least one SRV record name",
            "dns_sd_configs의 names에 이름이 하나는 있어야 합니다",
        )
    asked: DnsType = section.word("type", _dns_type, "SRV")
    port = section.whole("port", most=65535)
    if asked != "SRV" and not port and "port" not in section:
        section.refuse(
            "type",
            "a port is required in DNS-SD configs for all record types except SRV",
            "SRV가 아닌 레코드에는 port가 있어야 합니다",
        )
    return DnsSd(names, asked, port, section.duration("refresh_interval") or 30_000)


@kind("docker")
def _docker(section: Section) -> DockerSd:
    host = section.url("host")
    if not host:
        section.refuse("host", "host missing", "docker_sd_configs에 host가 있어야 합니다")
    filters: list[tuple[str, tuple[str, ...]]] = []
    for inner in section.sections("filters", "moby.Filter"):
        filters.append((inner.text("name"), inner.texts("values")))
        inner.close()
    return DockerSd(
        host=host,
        port=section.whole("port", 80, most=65535),
        host_networking_host=section.text("host_networking_host", "localhost"),
        match_first_network=section.flag("match_first_network", True),
        filters=tuple(filters),
        refresh_ms=section.duration("refresh_interval") or 60_000,
        client=read_client(section),
    )


@kind("kubernetes")
def _kubernetes(section: Section) -> KubernetesSd | None:
    if "role" not in section:
        listed = ", ".join(ROLES)
        section.refuse("role", f"role missing (one of: {listed})", f"role이 있어야 합니다: {listed}")
    role: Role = section.word("role", _role, "pod") if "role" in section else "pod"
    namespaces = section.section("namespaces", "kubernetes.plain")
    attach = section.section("attach_metadata", "kubernetes.AttachMetadataConfig")
    found = KubernetesSd(
        role=role,
        api_server=section.url("api_server"),
        kubeconfig_file=section.path("kubeconfig_file"),
        namespaces=namespaces.texts("names") if namespaces else (),
        own_namespace=namespaces.flag("own_namespace") if namespaces else False,
        selectors=_selectors(section, role),
        attach_node=attach.flag("node") if attach else False,
        attach_namespace=attach.flag("namespace") if attach else False,
        client=read_client(section),
    )
    if namespaces:
        namespaces.close()
    if attach:
        for key in ("deployment", "job", "cronjob"):
            if attach.flag(key):
                attach.unused(key, "pods carry no labels of it here", "해당 메타데이터를 붙이지 않습니다")
        attach.close()
    _check_kubernetes(section, found)
    return found


def _selectors(section: Section, role: Role) -> tuple[KubernetesSelector, ...]:
    found: list[KubernetesSelector] = []
    for inner in section.sections("selectors", "kubernetes.SelectorConfig"):
        selector = KubernetesSelector(inner.word("role", _role, role), inner.text("label"), inner.text("field"))
        if any(each.role == selector.role for each in found):
            inner.refuse(
                "role",
                f"duplicated selector role: {selector.role}",
                f"{selector.role}: 같은 role이 두 번 적혀 있습니다",
            )
        elif selector.role not in _SELECTOR_ROLES[role]:
            listed = ", ".join(_SELECTOR_ROLES[role])
            inner.refuse(
                "role",
                f"{role} role supports only {listed} selectors",
                f"role {role}에서는 {listed} 선택자만 쓸 수 있습니다",
            )
        found.append(selector)
        inner.close()
    return tuple(found)


def _check_kubernetes(section: Section, found: KubernetesSd) -> None:
    kubeconfig, server = found.kubeconfig_file is not None, bool(found.api_server)
    used = "api_server" if server else "kubeconfig_file"
    is_custom = found.client != HttpClientConfig()
    for wrong, key, en, ko in (
        (
            kubeconfig and server,
            "kubeconfig_file",
            "cannot use 'kubeconfig_file' and 'api_server' simultaneously",
            "kubeconfig_file과 api_server는 함께 쓸 수 없습니다",
        ),
        (
            kubeconfig and is_custom,
            "kubeconfig_file",
            "cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
            "kubeconfig_file과 HTTP 클라이언트 설정은 함께 쓸 수 없습니다",
        ),
        (
            not server and not kubeconfig and is_custom,
            "role",
            "to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
            "HTTP 클라이언트 설정을 쓰려면 api_server 주소를 적어 주세요",
        ),
        (
            found.own_namespace and (server or kubeconfig),
            "namespaces",
            f"cannot use '{used}' and 'namespaces.own_namespace' simultaneously",
            "namespaces.own_namespace는 api_server, kubeconfig_file과 함께 쓸 수 없습니다",
        ),
    ):
        if wrong:
            section.refuse(key, en, ko)


def _parts(address: str) -> tuple[str, str]:
    try:
        split = urlsplit(address)
    except ValueError:
        return "", ""
    return split.scheme.lower(), split.netloc


def _role(words: str) -> Role:
    if words in ROLES:
        return words
    raise BadValue(
        f"unknown Kubernetes SD role {quote(words)}",
        f"{quote(words)}: {', '.join(ROLES)} 가운데 하나로 적어 주세요",
    )


def _dns_type(words: str) -> DnsType:
    upper = words.upper()
    if upper in DNS_TYPES:
        return cast(DnsType, upper)
    raise BadValue(
        f"invalid DNS-SD records type {quote(words)}",
        f"{quote(words)}: {', '.join(DNS_TYPES)} 가운데 하나로 적어 주세요",
    )
