"""RabbitMQ: recorded answers of the management API always, a real broker, which starts slowly, in the long run."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.host.builder import Builder
from hannun.collect.services.rabbitmq import tell_node, tell_overview, tell_queue

OVERVIEW = {
    "rabbitmq_version": "3.12.1",
    "erlang_version": "26.0",
    "cluster_name": "rabbit@mq",
    "node": "rabbit@mq",
    "object_totals": {"channels": 4, "connections": 3, "consumers": 2, "exchanges": 7, "queues": 2},
    "queue_totals": {"messages": 12, "messages_ready": 10, "messages_unacknowledged": 2},
    "churn_rates": {"connection_created": 9, "connection_closed": 6, "channel_created": 8},
}
NODES = [
    {
        "name": "rabbit@mq",
        "running": True,
        "fd_used": 40,
        "fd_total": 1024,
        "mem_used": 1 << 27,
        "mem_limit": 1 << 30,
        "mem_alarm": False,
        "disk_free": 1 << 35,
        "disk_free_limit": 50_000_000,
        "disk_free_alarm": True,
        "sockets_used": 3,
        "uptime": 61_500,
        "partitions": ["rabbit@other"],
    }
]
QUEUES = {
    "page": 1,
    "page_count": 1,
    "items": [
        {
            "name": "jobs",
            "vhost": "/",
            "messages": 12,
            "messages_ready": 10,
            "messages_unacknowledged": 2,
            "consumers": 2,
            "consumer_utilisation": "",
            "memory": 2048,
            "message_stats": {"publish": 100, "ack": 88, "deliver_get_details": {"rate": 1.0}},
        },
        {"name": "idle", "vhost": "shop"},
    ],
}
Api = dict[str, Any]


@pytest.fixture
def management() -> Iterator[Callable[[Api], int]]:
    """`management({path: answer or status})` -> its port. Takes hannun:pw only."""
    servers: list[ThreadingHTTPServer] = []

    def make(api: Api) -> int:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                login = f"Basic {base64.b64encode(b'hannun:pw').decode()}"
                answer = api.get(self.path.partition("?")[0], 404)
                if self.headers["Authorization"] != login:
                    answer = 401
                body = b"" if isinstance(answer, int) else json.dumps(answer).encode()
                self.send_response(answer if isinstance(answer, int) else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server.server_port

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


WHOLE: Api = {"/api/overview": OVERVIEW, "/api/nodes": NODES, "/api/queues": QUEUES}


def test_a_broker_is_told_with_the_plugins_names(management, ask) -> None:
    watch = ask(f"rabbitmq://hannun:pw@127.0.0.1:{management(WHOLE)}")
    rows = watch.read()
    assert watch.errors == {}
    assert {name: value for name, value in rows.items() if not name.startswith("probe_")} == {
        "rabbitmq_up": 1,
        'rabbitmq_module_up{module="overview"}': 1,
        'rabbitmq_module_up{module="node"}': 1,
        'rabbitmq_module_up{module="queue"}': 1,
        'rabbitmq_build_info{rabbitmq_version="3.12.1", erlang_version="26.0"}': 1,
        'rabbitmq_identity_info{rabbitmq_node="rabbit@mq", rabbitmq_cluster="rabbit@mq"}': 1,
        "rabbitmq_connections": 3,
        "rabbitmq_channels": 4,
        "rabbitmq_queues": 2,
        "rabbitmq_consumers": 2,
        "rabbitmq_exchanges": 7,
        "rabbitmq_queue_messages_global": 12,
        "rabbitmq_queue_messages_ready_global": 10,
        "rabbitmq_queue_messages_unacknowledged_global": 2,
        "rabbitmq_connections_opened_total": 9,
        "rabbitmq_connections_closed_total": 6,
        "rabbitmq_channels_opened_total": 8,
        'rabbitmq_running{node="rabbit@mq"}': 1,
        'rabbitmq_process_open_fds{node="rabbit@mq"}': 40,
        'rabbitmq_process_max_fds{node="rabbit@mq"}': 1024,
        'rabbitmq_process_open_tcp_sockets{node="rabbit@mq"}': 3,
        'rabbitmq_process_resident_memory_bytes{node="rabbit@mq"}': 1 << 27,
        'rabbitmq_resident_memory_limit_bytes{node="rabbit@mq"}': 1 << 30,
        'rabbitmq_disk_space_available_bytes{node="rabbit@mq"}': 1 << 35,
        'rabbitmq_disk_space_available_limit_bytes{node="rabbit@mq"}': 50_000_000,
        'rabbitmq_alarms_memory_used_watermark{node="rabbit@mq"}': 0,
        'rabbitmq_alarms_free_disk_space_watermark{node="rabbit@mq"}': 1,
        'rabbitmq_erlang_uptime_seconds{node="rabbit@mq"}': 61.5,
        'rabbitmq_partitions{node="rabbit@mq"}': 1,
        'rabbitmq_queue_messages{vhost="/", queue="jobs"}': 12,
        'rabbitmq_queue_messages_ready{vhost="/", queue="jobs"}': 10,
        'rabbitmq_queue_messages_unacked{vhost="/", queue="jobs"}': 2,
        'rabbitmq_queue_consumers{vhost="/", queue="jobs"}': 2,
        'rabbitmq_queue_process_memory_bytes{vhost="/", queue="jobs"}': 2048,
        'rabbitmq_queue_messages_published_total{vhost="/", queue="jobs"}': 100,
        'rabbitmq_queue_messages_acked_total{vhost="/", queue="jobs"}': 88,
    }
    assert watch.types["rabbitmq_queue_messages"] == "gauge"
    assert watch.types["rabbitmq_queue_messages_acked_total"] == "counter"


def test_an_old_broker_without_pages_is_read(management, ask) -> None:
    api = {**WHOLE, "/api/queues": QUEUES["items"]}
    rows = ask(f"rabbitmq://hannun:pw@127.0.0.1:{management(api)}").read()
    assert rows['rabbitmq_queue_messages{vhost="/", queue="jobs"}'] == 12


@pytest.mark.parametrize(
    ("login", "api", "words"),
    [
        ("guest:guest", WHOLE, "HTTP status 401; give a user with the tag `monitoring`"),
        ("hannun:pw", {}, "HTTP status 404; switch on the management plugin"),
        ("hannun:pw", {"/api/overview": 503}, "HTTP status 503"),
        ("hannun:pw", {"/api/overview": ["x"]}, "not what RabbitMQ answers"),
    ],
)
def test_a_broker_that_does_not_tell_is_down_and_says_what_to_do(management, ask, login, api, words) -> None:
    watch = ask(f"rabbitmq://{login}@127.0.0.1:{management(api)}")
    assert watch.read()["rabbitmq_up"] == 0
    assert words in watch.errors[""]


def test_what_a_user_may_not_see_costs_only_itself(management, ask) -> None:
    watch = ask(f"rabbitmq://hannun:pw@127.0.0.1:{management({**WHOLE, '/api/nodes': 401})}")
    rows = watch.read()
    assert set(watch.errors) == {"node"}
    assert rows["rabbitmq_up"] == 1
    assert (rows['rabbitmq_module_up{module="node"}'], rows['rabbitmq_module_up{module="queue"}']) == (0, 1)


ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "vhost", "messages", "message_stats", "object_totals", "uptime"]), inner
        ),
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from(["node", "name", "messages", "message_stats", "partitions", "uptime"]), ANY_JSON)
)
def test_any_answer_is_some_samples(told: dict[str, Any]) -> None:
    builder = Builder()
    for tell in (tell_overview, tell_node, tell_queue):
        tell(told, builder)
    assert all(isinstance(sample.value, float) for family in builder.families() for sample in family.samples)


def manage(port: int, method: str, path: str, body: Any = None) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, data=json.dumps(body).encode())
    request.add_header("Authorization", f"Basic {base64.b64encode(b'guest:guest').decode()}")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=10).read()


@pytest.mark.long
def test_a_real_broker_tells_its_queues(rabbitmq, ask) -> None:
    watch = ask(f"rabbitmq://127.0.0.1:{rabbitmq.port}", timeout_s=1.0)
    manage(rabbitmq.port, "PUT", "/api/queues/%2F/jobs", {"durable": False})
    message = {"properties": {}, "routing_key": "jobs", "payload": "x", "payload_encoding": "string"}
    for _ in range(3):
        manage(rabbitmq.port, "POST", "/api/exchanges/%2F/amq.default/publish", message)
    queue = 'rabbitmq_queue_messages{vhost="/", queue="jobs"}'
    give_up_s = time.monotonic() + 30
    while (rows := watch.read()).get(queue) != 3:  # The management database counts every 5 s.
        assert time.monotonic() < give_up_s, rows
        time.sleep(1.1)
    assert watch.errors == {}
    assert rows["rabbitmq_up"] == rows["rabbitmq_queues"] == 1
    node = next(row for row in rows if row.startswith("rabbitmq_process_resident_memory_bytes{"))
    assert rows[node] > 1 << 20
    assert any(row.startswith('rabbitmq_build_info{rabbitmq_version="3.') for row in rows)
