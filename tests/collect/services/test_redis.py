"""Redis: a real server over TCP and its socket, and INFO as other versions write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.host.builder import Builder
from hannun.collect.services.redis import tell_info


def client(port: int):
    import redis

    return redis.Redis("127.0.0.1", port, password="s3cret/@:%", db=3)


def test_a_server_tells_what_redis_exporter_tells(redis_server, ask) -> None:
    watch = ask(f"redis://:${{PASSWORD}}@127.0.0.1:{redis_server.port}")
    before = watch.read()
    with client(redis_server.port) as other:
        other.flushall()
        other.set("a", "1", ex=1000)
        other.set("b", "2")
        other.get("a")
        other.get("nothing")
    rows = watch.read()
    assert watch.errors == {}
    assert (rows["redis_up"], rows["probe_success"], rows['redis_exporter_last_scrape_error{err=""}']) == (1, 1, 0)
    assert rows["redis_keyspace_hits_total"] - before["redis_keyspace_hits_total"] == 1
    assert rows["redis_keyspace_misses_total"] - before["redis_keyspace_misses_total"] == 1
    assert rows["redis_memory_max_bytes"] == 64 << 20
    assert rows["redis_config_maxclients"] > 0
    assert rows['redis_db_keys{db="db3"}'] == 2
    assert rows['redis_db_keys_expiring{db="db3"}'] == 1
    assert rows['redis_commands_total{cmd="get"}'] >= 2
    assert rows['redis_commands_duration_seconds_total{cmd="get"}'] > 0
    assert rows["redis_rdb_last_bgsave_status"] == 1
    info = next(row for row in rows if row.startswith("redis_instance_info{"))
    assert 'role="master"' in info
    assert f'tcp_port="{redis_server.port}"' in info


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("redis_uptime_in_seconds", "gauge"),
        ("redis_connected_clients", "gauge"),
        ("redis_blocked_clients", "gauge"),
        ("redis_memory_used_bytes", "gauge"),
        ("redis_mem_fragmentation_ratio", "gauge"),
        ("redis_commands_processed_total", "counter"),
        ("redis_evicted_keys_total", "counter"),
        ("redis_expired_keys_total", "counter"),
        ("redis_rejected_connections_total", "counter"),
        ("redis_connected_slaves", "gauge"),
        ("redis_rdb_last_save_timestamp_seconds", "gauge"),
        ("redis_slowlog_length", "gauge"),
        ("redis_net_input_bytes_total", "counter"),
        ("redis_net_output_bytes_total", "counter"),
        ("redis_start_time_seconds", "gauge"),
    ],
)
def test_names_and_types(redis_server, ask, name: str, kind: str) -> None:
    watch = ask(f"redis://:${{PASSWORD}}@127.0.0.1:{redis_server.port}")
    watch.read()
    assert watch.types[name] == kind


def test_the_socket_is_taken(redis_server, ask) -> None:
    watch = ask(f"redis://:${{PASSWORD}}@localhost?socket={redis_server.folder}/redis.sock")
    assert watch.read()["redis_up"] == 1.0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://127.0.0.1:{port}", "Give a password"),
        ("redis://:wrong-one@127.0.0.1:{port}", "invalid username-password pair"),
        ("redis://127.0.0.1:9", "Connection refused"),
        ("rediss://127.0.0.1:{port}", "Timeout connecting to server"),
    ],
)
def test_who_cannot_come_in_is_told_why(redis_server, ask, url: str, words: str) -> None:
    watch = ask(url.format(port=redis_server.port), timeout_s=0.9)
    rows = watch.read()
    assert (rows["redis_up"], rows["probe_success"]) == (0.0, 0.0)
    assert words in watch.errors[""]
    assert "wrong-one" not in str(rows) + watch.errors[""]
    assert any(row.startswith("redis_exporter_last_scrape_error{err=") for row in rows)


def test_an_outage_is_a_row_of_zeros_between_ones(redis_server, ask) -> None:
    watch = ask(f"redis://:${{PASSWORD}}@127.0.0.1:{redis_server.port}")
    ups = [watch.read()["redis_up"]]
    redis_server.stop()
    ups += [watch.read()["redis_up"], watch.read()["redis_up"]]
    assert "Connection refused" in watch.errors[""]
    redis_server.start()
    ups.append(watch.read()["redis_up"])
    redis_server.stop()
    redis_server.start()
    ups.append(watch.read()["redis_up"])  # It was away between two readings: nobody need know.
    assert ups == [1, 0, 0, 1, 1]


def test_a_managed_server_that_refuses_config_costs_only_that(redis_server, ask) -> None:
    with client(redis_server.port) as admin:
        admin.execute_command("ACL", "SETUSER", "watch", "on", ">pw", "+@all", "-config", "-slowlog")
    watch = ask(f"redis://watch:pw@127.0.0.1:{redis_server.port}")
    rows = watch.read()
    assert set(watch.errors) == {"config", "slowlog"}
    assert rows["redis_up"] == 1.0
    assert rows["redis_uptime_in_seconds"] >= 0
    assert "redis_config_maxclients" not in rows


REPLICA = """\
# Server\r
redis_version:4.0.9\r
uptime_in_seconds:5\r
# Replication\r
role:slave\r
master_host:10.0.0.1\r
master_port:6379\r
master_link_status:down\r
master_last_io_seconds_ago:-1\r
master_sync_in_progress:0\r
slave_repl_offset:15\r
slave0:ip=10.0.0.7,port=6379,state=online,offset=44,lag=1\r
# Commandstats\r
cmdstat_get:calls=21,usec=2500000,usec_per_call=8.33\r
# Keyspace\r
db0:keys=7,expires=2,avg_ttl=1500\r
"""


def info(text: str) -> dict[str, float]:
    builder = Builder()
    tell_info(text, builder)
    return {
        sample.name + str(dict(sample.labels) or ""): sample.value
        for family in builder.families()
        for sample in family.samples
    }


def test_an_old_replica_is_read() -> None:
    rows = info(REPLICA)
    master = "{'master_host': '10.0.0.1', 'master_port': '6379'}"
    replica = "{'slave_ip': '10.0.0.7', 'slave_port': '6379', 'slave_state': 'online'}"
    assert rows[f"redis_master_link_up{master}"] == 0
    assert rows[f"redis_master_last_io_seconds_ago{master}"] == -1
    assert rows[f"redis_slave_repl_offset{master}"] == 15
    assert rows[f"redis_connected_slave_offset_bytes{replica}"] == 44
    assert rows["redis_commands_duration_seconds_total{'cmd': 'get'}"] == 2.5
    assert rows["redis_db_avg_ttl_seconds{'db': 'db0'}"] == 1.5
    assert "redis_commands_failed_calls_total{'cmd': 'get'}" not in rows


@given(st.one_of(st.text(max_size=200), st.text(alphabet="cmdstat_db0:,=slave0\r\n#1-", max_size=120)))
def test_any_text_is_some_samples(text: str) -> None:
    info(text)
