"""The way to an API server, from each of the three places that may say it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hannun.collect.discovery.kubernetes.access import find
from hannun.config.http_client import Authorization, BasicAuth, HttpClientConfig, Secret
from hannun.config.prometheus.model import KubernetesSd
from hannun.model.errors import ConfigError

IN_CLUSTER = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def test_a_pod_uses_its_service_account(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("shop\n")
    found = find(KubernetesSd("pod"), IN_CLUSTER, tmp_path)
    assert (found.server, found.namespace) == ("https://10.96.0.1:443", "shop")
    assert found.client.authorization == Authorization(credentials=Secret(file=tmp_path / "token"))
    assert found.client.tls.ca_file == tmp_path / "ca.crt"
    assert not found.client.enable_http2
    six = find(KubernetesSd("pod"), {**IN_CLUSTER, "KUBERNETES_SERVICE_HOST": "fd00::1"}, tmp_path)
    assert six.server == "https://[fd00::1]:443"


def test_a_configured_server_is_asked_as_configured(tmp_path: Path) -> None:
    client = HttpClientConfig(basic_auth=BasicAuth("bob"))
    found = find(KubernetesSd("pod", "https://k8s.example/", client=client), {}, tmp_path)
    assert (found.server, found.client.basic_auth) == ("https://k8s.example", BasicAuth("bob"))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


KUBECONFIG = f"""
apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: dev
  context: {{cluster: other, user: other}}
- name: prod
  context: {{cluster: big, user: ops}}
clusters:
- name: big
  cluster:
    server: https://k8s.example:6443
    certificate-authority-data: {encoded("CA PEM")}
    tls-server-name: inner.example
users:
- name: ops
  user:
    client-certificate: ops.crt
    client-key-data: {encoded("KEY PEM")}
"""


def test_a_kubeconfig_is_read_for_its_current_context(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    found = find(KubernetesSd("pod", kubeconfig_file=path), IN_CLUSTER, tmp_path)
    tls = found.client.tls
    assert found.server == "https://k8s.example:6443"
    assert (tls.ca, tls.server_name, tls.insecure_skip_verify) == ("CA PEM", "inner.example", False)
    assert (tls.cert_file, tls.key) == (tmp_path / "ops.crt", Secret("KEY PEM"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "config:1"),
        ("", 'no context "" in contexts'),
        (KUBECONFIG.replace("current-context: prod", "current-context: test"), 'no context "test" in contexts'),
        (KUBECONFIG.replace("name: ops", "name: nobody"), 'no user "ops" in users'),
        (KUBECONFIG.replace("server: https", "servant: https"), 'context "prod" has no server'),
        (KUBECONFIG.replace(encoded("CA PEM"), "???"), "certificate-authority-data is not base64"),
        (KUBECONFIG.replace("client-certificate: ops.crt", "exec: {command: aws}"), "logs in by exec"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_explained(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        find(KubernetesSd("pod", kubeconfig_file=path), {}, tmp_path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_kubeconfig_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing: No such file"):
        find(KubernetesSd("pod", kubeconfig_file=tmp_path / "nothing"), {}, tmp_path)
