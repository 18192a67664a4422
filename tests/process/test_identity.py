"""Each row is a label set of a real client and whom it speaks of."""

from __future__ import annotations

import pytest

from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.process.identity import known, of_metric, of_stream, without_port

ROWS = [
    pytest.param({"job": "api"}, Identity(service="api"), id="job is the service"),
    pytest.param({"job": "shop/api"}, Identity(service="api"), id="OTel writes namespace/name"),
    pytest.param({"service_name": "api"}, Identity(service="api"), id="service_name where there is no job"),
    pytest.param({"job": "api", "service_name": "x"}, Identity(service="api"), id="job wins"),
    pytest.param({"job": "api", "env": "prod"}, Identity("api", "prod"), id="env"),
    pytest.param(
        {"job": "api", "environment": "prod", "env": "x"}, Identity("api", "prod"), id="environment before env"
    ),
    pytest.param({"deployment_environment": "prod"}, Identity("", "prod"), id="OTel, old"),
    pytest.param({"deployment_environment_name": "prod"}, Identity("", "prod"), id="OTel, new"),
    pytest.param({"job": "api", "env": "unknown"}, Identity("api"), id="an unknown environment is none"),
    pytest.param(
        {"job": "node", "instance": "web-1:9100"}, Identity("node", "", "web-1"), id="node: instance is the host"
    ),
    pytest.param({"job": "node", "instance": "web-1"}, Identity("node", "", "web-1"), id="a bare host name"),
    pytest.param({"job": "node", "instance": "[fe80::1]:9100"}, Identity("node", "", "fe80::1"), id="IPv6 with port"),
    pytest.param(
        {"job": "integrations/node_exporter", "instance": "db"}, Identity("node_exporter", "", "db"), id="agent"
    ),
    pytest.param({"job": "api", "instance": "web-1:8000"}, Identity("api"), id="elsewhere instance may be no host"),
    pytest.param({"job": "api", "host": "web-1"}, Identity("api", "", "web-1"), id="host is the host anywhere"),
    pytest.param({"job": "kubelet", "node": "k1"}, Identity("kubelet", "", "k1"), id="Kubernetes"),
    pytest.param({"job": "node", "instance": "a:1", "host": "b"}, Identity("node", "", "b"), id="host before instance"),
    pytest.param({"job": "api", "version": "1.2"}, Identity("api", release="1.2"), id="version"),
    pytest.param({"job": "api", "release": "r9", "version": "1.2"}, Identity("api", release="r9"), id="release wins"),
    pytest.param({"job": "api", "service_version": "1.3"}, Identity("api", release="1.3"), id="OTel's version"),
    *[
        pytest.param({"job": "api", "version": word}, Identity("api"), id=f"no release: {word!r}")
        for word in ("unknown", "none", "None", "undefined", "UNDEFINED", "null", "n/a", "-", " ")
    ],
    pytest.param({"job": "unknown_service:python"}, Identity(), id="OTel's word for a service without name"),
    pytest.param(
        {"__name__": "node_uname_info", "job": "node", "instance": "h", "release": "6.18", "version": "#1 SMP"},
        Identity("node", "", "h"),
        id="a kernel's release is not the service's",
    ),
    pytest.param(
        {"__name__": "python_info", "job": "api", "version": "3.11.7"}, Identity("api"), id="nor is that of a runtime"
    ),
    pytest.param(
        {"__name__": "api_build_info", "job": "api", "version": "7"}, Identity("api", release="7"), id="a build info is"
    ),
    pytest.param({}, Identity(), id="nothing known"),
]


@pytest.mark.parametrize(("labels", "identity"), ROWS)
def test_identity_of_a_metric(labels: dict[str, str], identity: Identity) -> None:
    assert of_metric(Labels.of(labels)) == identity


@pytest.mark.parametrize(
    ("instance", "host"),
    [("a:1", "a"), ("a", "a"), ("a:b", "a:b"), ("::1", "::1"), ("[::1]:80", "::1"), ("", ""), (":80", ""), ("[", "")],
)
def test_the_port_is_cut_off(instance: str, host: str) -> None:
    assert without_port(instance) == host


def test_a_known_value_is_trimmed_and_kept() -> None:
    assert known(" 서울 ") == "서울"


@pytest.mark.parametrize(
    ("labels", "identity"),
    [
        pytest.param({"service_name": "shop", "job": "x"}, Identity("shop"), id="service_name first"),
        pytest.param({"app": "shop", "job": "varlogs"}, Identity("shop"), id="app before the folder that was read"),
        pytest.param({"job": "prod/shop"}, Identity("shop"), id="namespace/name"),
        pytest.param({"container": "shop"}, Identity("shop"), id="container"),
        pytest.param({"service_name": "unknown_service", "app": "shop"}, Identity("shop"), id="unknown is not known"),
        pytest.param({"app": "shop", "env": "prod", "host": "web-1"}, Identity("shop", "prod", "web-1"), id="all"),
        pytest.param({"app": "shop", "k8s_node_name": "n1"}, Identity("shop", "", "n1"), id="Kubernetes' node"),
        pytest.param({"app": "shop", "version": "1.2"}, Identity("shop", release="1.2"), id="release"),
        pytest.param({"filename": "/var/log/syslog"}, Identity(), id="nobody"),
    ],
)
def test_identity_of_a_log_stream(labels: dict[str, str], identity: Identity) -> None:
    assert of_stream(Labels.of(labels)) == identity
