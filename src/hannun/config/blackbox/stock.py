"""The modules that blackbox_exporter comes with, for those who have no blackbox.yml of their own."""

from __future__ import annotations

from pathlib import Path

from hannun.config import yaml
from hannun.config.blackbox.load import read_modules
from hannun.config.blackbox.model import BlackboxConfig
from hannun.config.prometheus.section import Notes, Source, root_of

STOCK_YAML = """\
modules:
  http_2xx:
    prober: http
  http_post_2xx:
    prober: http
    http:
      method: POST
  tcp_connect:
    prober: tcp
  pop3s_banner:
    prober: tcp
    tcp:
      query_response:
      - expect: "^+OK"
      tls: true
      tls_config:
        insecure_skip_verify: false
  grpc:
    prober: grpc
    grpc:
      tls: true
      preferred_ip_protocol: "ip4"
  grpc_plain:
    prober: grpc
    grpc:
      tls: false
      service: "service1"
  ssh_banner:
    prober: tcp
    tcp:
      query_response:
      - expect: "^SSH-2.0-"
      - send: "SSH-2.0-blackbox-ssh-check"
  irc_banner:
    prober: tcp
    tcp:
      query_response:
      - send: "NICK prober"
      - send: "USER prober prober prober :prober"
      - expect: "PING :([^ ]+)"
        send: "PONG ${1}"
      - expect: "^:[^ ]+ 001"
  icmp:
    prober: icmp
  icmp_ttl5:
    prober: icmp
    timeout: 5s
    icmp:
      ttl: 5
"""


def _stock() -> BlackboxConfig:
    source = Source("blackbox.yml", Path(), Notes())
    top = root_of(yaml.load(STOCK_YAML, source.file).root, source, "config.plain")
    assert top is not None
    modules = read_modules(top)
    assert not source.notes.complaints, source.notes.complaints
    return BlackboxConfig(modules, None, STOCK_YAML)


STOCK = _stock()
