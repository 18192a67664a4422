"""`server`: where the agent itself answers. Most of its keys are about a server that is not Hannun's."""

from __future__ import annotations

from hannun.config.prometheus.section import Section
from hannun.config.promtail.model import ServerConfig

_SILENT = (
    *("http_listen_network", "http_listen_conn_limit", "http_server_read_timeout", "http_server_write_timeout"),
    *("http_server_idle_timeout", "http_server_read_header_timeout", "http_tls_config", "grpc_tls_config"),
    *("grpc_listen_network", "grpc_listen_address", "grpc_listen_conn_limit", "grpc_server_max_recv_msg_size"),
    *("grpc_server_max_send_msg_size", "grpc_server_max_concurrent_streams", "grpc_server_max_connection_idle"),
    *("grpc_server_max_connection_age", "grpc_server_max_connection_age_grace", "grpc_server_keepalive_time"),
    *("grpc_server_keepalive_timeout", "grpc_server_min_time_between_pings", "proxy_protocol_enabled"),
    *("grpc_server_ping_without_stream_allowed", "register_instrumentation", "graceful_shutdown_timeout"),
    *("log_format", "log_source_ips_enabled", "log_source_ips_header", "log_source_ips_regex"),
    *("log_request_at_info_level_enabled", "tls_cipher_suites", "tls_min_version", "profiling_enabled"),
)
"""What tunes the server that Promtail is built on: it says nothing that could go wrong by being left out."""


def read_server(outer: Section, key: str) -> ServerConfig:
    section = outer.section(key, "server.Config")
    if section is None:
        return ServerConfig()
    default = ServerConfig()
    made = ServerConfig(
        disable=section.flag("disable"),
        http_listen_address=section.text("http_listen_address"),
        http_listen_port=section.whole("http_listen_port", default.http_listen_port, most=65_535),
        http_path_prefix=section.text("http_path_prefix"),
        grpc_listen_port=section.whole("grpc_listen_port", default.grpc_listen_port, most=65_535),
        enable_runtime_reload=section.flag("enable_runtime_reload"),
        health_check_target=section.flag("health_check_target", default.health_check_target),
        log_level=section.text("log_level", default.log_level),
        external_url=section.text("external_url"),
    )
    for silent in _SILENT:
        section.take(silent)
    section.close()
    return made
