"""The small parsers: one row per thing that a kernel, a driver or a distribution was seen to write."""

from __future__ import annotations

import resource

import pytest

from hannun.collect.host.bonding import bonding
from hannun.collect.host.btrfs import allocation_ratio, parse_commit_stats
from hannun.collect.host.conntrack import parse_conntrack_stat
from hannun.collect.host.diskstats import parse_diskstats, parse_udev
from hannun.collect.host.hwmon import clean, metric_of, split_file
from hannun.collect.host.interrupts import parse_interrupts
from hannun.collect.host.ipvs import parse_address
from hannun.collect.host.mdadm import Array, parse_mdstat
from hannun.collect.host.meminfo import parse_meminfo
from hannun.collect.host.netdev import parse_net_dev
from hannun.collect.host.netstat import parse_pairs, parse_snmp6
from hannun.collect.host.nfs import parse_rpc
from hannun.collect.host.os_release import parse_os_release
from hannun.collect.host.packets import parse_arp, parse_softnet, parse_udp_queues
from hannun.collect.host.pressure import parse_pressure
from hannun.collect.host.registry import NoData
from hannun.collect.host.roots import Roots, number, read_bytes
from hannun.collect.host.schedstat import parse_schedstat
from hannun.collect.host.sockstat import parse_sockstat
from hannun.collect.host.tcpstat import parse_tcp
from hannun.collect.host.vmstat import parse_vmstat
from hannun.collect.host.zfs import parse_kstat


def test_rpc_lines_of_operations_lose_their_count() -> None:
    assert parse_rpc("net 1 2\nproc3 2 7 8\n\n") == {"net": [1, 2], "proc3": [7, 8]}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("C0A80016:0CEA", ("192.168.0.22", "3306")),
        ("[2620:0000:0000:0000:0000:0000:0000:0001]:0050", ("2620::1", "80")),
    ],
)
def test_addresses_of_ipvs(text: str, address: tuple[str, str]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "array"),
    [
        pytest.param(
            "md0 : active raid1 sdb1[1] sda1[0]\n      248896 blocks [2/2] [UU]\n",
            Array("md0", "active", 2, 2, 0, 0, 248896, 248896),
            id="whole",
        ),
        pytest.param(
            "md1 : active raid5 sdc[3](F) sdb[1] sda[0] sdd[4](S)\n      100 blocks level 5 [3/2] [UU_]\n",
            Array("md1", "active", 2, 3, 1, 1, 100, 100),
            id="one failed, one spare",
        ),
        pytest.param(
            "md2 : active raid1 sdb[2] sda[0]\n      100 blocks [2/1] [U_]\n"
            "      [==>...]  recovery = 12.6% (37/100) finish=127.5min speed=33440K/sec\n",
            Array("md2", "recovering", 1, 2, 0, 0, 100, 37),
            id="recovering",
        ),
        pytest.param(
            "md3 : active raid1 sdb[1] sda[0]\n      100 blocks [2/2] [UU]\n      	resync=PENDING\n",
            Array("md3", "resync", 2, 2, 0, 0, 100, 0),
            id="resync pending",
        ),
        pytest.param(
            "md4 : active raid1 sdb[1] sda[0]\n      100 blocks [2/2] [UU]\n      [=>..]  check =  4.0% (4/100)\n",
            Array("md4", "check", 2, 2, 0, 0, 100, 4),
            id="check",
        ),
        pytest.param(
            "md5 : active raid0 sda[0] sdb[1]\n      100 blocks 512k chunks\n",
            Array("md5", "active", 2, 2, 0, 0, 100, 100),
            id="raid0 tells no disks",
        ),
        pytest.param(
            "md6 : inactive sda[0](S)\n      7932 blocks super external:imsm\n",
            Array("md6", "inactive", 0, 0, 0, 1, 7932, 7932),
            id="inactive",
        ),
    ],
)
def test_an_array_of_mdstat(text: str, array: Array) -> None:
    assert parse_mdstat(f"Personalities : [raid1]\n{text}\nunused devices: <none>\n") == [array]


def test_a_machine_without_arrays_has_none() -> None:
    assert parse_mdstat("Personalities : \nunused devices: <none>\n") == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("MemTotal:  16 kB", {"MemTotal_bytes": 16384.0}),
        ("Active(anon):  1 kB", {"Active_anon_bytes": 1024.0}),
        ("HugePages_Total:   8", {"HugePages_Total": 8.0}),
        ("DirectMap1G: 2 kB", {"DirectMap1G_bytes": 2048.0}),
        ("", {}),
        ("no colon 5", {}),
        ("Empty:", {}),
    ],
)
def test_a_line_of_meminfo(line: str, found: dict[str, float]) -> None:
    assert parse_meminfo(line) == found


def test_interfaces_with_a_colon_or_without_a_blank_in_net_dev() -> None:
    text = "a|b|c\n face |bytes packets|bytes packets\n eth0:1: 1 2 3 4\n  lo:5 6 7 8\nrubbish\n"
    assert parse_net_dev(text) == {
        "eth0:1": {"receive_bytes": 1, "receive_packets": 2, "transmit_bytes": 3, "transmit_packets": 4},
        "lo": {"receive_bytes": 5, "receive_packets": 6, "transmit_bytes": 7, "transmit_packets": 8},
    }


def test_pairs_of_lines_of_netstat() -> None:
    assert parse_pairs("Tcp: A B\nTcp: 1 -1\nUdp: C\nUdp: 2\n") == {"Tcp_A": "1", "Tcp_B": "-1", "Udp_C": "2"}


def test_snmp6_names_are_split_behind_the_protocol() -> None:
    text = "Ip6InOctets                     \t460\nUdpLite6InErrors                \t3\nOther6X \t1\n"
    assert parse_snmp6(text) == {"Ip6_InOctets": "460", "UdpLite6_InErrors": "3"}


def test_softnet_names_its_cpu_where_the_kernel_does() -> None:
    zeros = " ".join(["00000000"] * 9)
    modern = f"0000000a 00000001 00000002 {zeros} 00000003\n"
    assert [(cpu, columns[:3]) for cpu, columns in parse_softnet(modern)] == [("3", [10, 1, 2])]
    assert [cpu for cpu, _ in parse_softnet("0000000a 00000001 00000002\n" * 2)] == ["0", "1"]


def test_udp_queues_are_summed() -> None:
    rows = "  0: 0:0 0:0 07 00000010:00000001 0 0\n  1: 0:0 0:0 07 00000001:00000002 0 0\n"
    assert parse_udp_queues("head\n" + rows) == (17, 3)


def test_arp_entries_are_counted_per_device() -> None:
    text = "IP HW Flags HW Mask Device\n10.0.0.1 0x1 0x2 aa * eth0\n10.0.0.2 0x1 0x2 bb * eth0\nshort line\n"
    assert parse_arp(text) == {"eth0": 2}


def test_conntrack_is_hexadecimal_and_summed_over_cpus() -> None:
    assert parse_conntrack_stat("found drop\n0000000a 00000001\n00000001 00000010\n") == {"found": 11, "drop": 17}
    assert parse_conntrack_stat("") == {}


def test_pressure_is_told_in_seconds() -> None:
    assert parse_pressure("some avg10=0.00 total=1500000\nfull avg10=0.00 total=20\n") == {"some": 1.5, "full": 2e-05}
    assert parse_pressure("nonsense\n") == {}


@pytest.mark.parametrize(
    ("line", "row"),
    [
        pytest.param("8 0 sda 1 2 3 4 5 6 7 8 9 10 11", ("8", "0", "sda", tuple(range(1, 12))), id="before 4.18"),
        pytest.param(
            "8 0 sda " + " ".join(map(str, range(1, 18))), ("8", "0", "sda", tuple(range(1, 18))), id="since 5.5"
        ),
    ],
)
def test_a_line_of_diskstats(line: str, row: object) -> None:
    assert parse_diskstats(line) == [row]


def test_partitions_of_very_old_kernels_are_left_out() -> None:
    assert parse_diskstats("3 1 hda1 1 2 3 4\n\n") == []


def test_udev_properties() -> None:
    assert parse_udev("S:disk\nE:ID_MODEL=A=B\nE:EMPTY=\n") == {"ID_MODEL": "A=B", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param('NAME="Debian GNU/Linux"', {"name": "Debian GNU/Linux"}, id="quoted"),
        pytest.param("ID=alpine", {"id": "alpine"}, id="bare"),
        pytest.param("VERSION='12 (책벌레)'", {"version": "12 (책벌레)"}, id="single quotes"),
        pytest.param("# comment=1\n\nX", {}, id="comments and rubbish"),
        pytest.param('BROKEN="no end\nID=ok', {"id": "ok"}, id="a broken line costs itself"),
    ],
)
def test_os_release(text: str, found: dict[str, str]) -> None:
    assert parse_os_release(text) == found


def test_interrupts_name_chip_and_devices() -> None:
    lines = [
        "      CPU0 CPU2",
        " 43:  7 5  IR-PCI-MSI 524288-edge  xhci_hcd, eth0",
        "NMI:  1 2  Non-maskable interrupts",
        "ERR: 0",
    ]
    text = "\n".join(lines)
    rows = {(dict(labels)["type"], dict(labels)["cpu"]): (labels, value) for labels, value in parse_interrupts(text)}
    labels, value = rows["43", "2"]
    assert value == 5
    assert dict(labels)["info"] == "IR-PCI-MSI"
    assert dict(labels)["devices"] == "524288-edge xhci_hcd, eth0"
    assert dict(rows["NMI", "0"][0])["info"] == "Non-maskable interrupts"
    assert not [kind for kind, _ in rows if kind == "ERR"]


def test_tcp_states_and_queues() -> None:
    told = parse_tcp(
        "head\n 0: a b 0A 00000001:00000002 x\n 1: a b 01 00000010:00000000 x\n 2: a b FF 00000000:00000000 x\n"
    )
    assert told == {"rx_queued_bytes": 2, "tx_queued_bytes": 17, "listen": 1, "established": 1}


def test_schedstat_takes_the_last_three_columns_in_nanoseconds() -> None:
    text = "version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 2000000000 500000000 7\ndomain0 1 2\ncpu1 0\n"
    assert parse_schedstat(text) == {"0": (2.0, 0.5, 7.0)}


def test_sockstat_memory_is_told_in_bytes_too() -> None:
    told = parse_sockstat("sockets: used 9\nTCP: inuse 4 mem 2\n")
    assert told["TCP", "mem_bytes"] == 2 * resource.getpagesize()
    assert (told["sockets", "used"], told["TCP", "inuse"]) == (9, 4)


def test_vmstat_keeps_what_upstream_keeps() -> None:
    text = "nr_free_pages 1\npgpgin 2\npswpout 3\npgmajfault 4\noom_kill 5\npgsteal_kswapd 6\n"
    assert parse_vmstat(text) == {"pgpgin": 2, "pswpout": 3, "pgmajfault": 4, "oom_kill": 5}


def test_kstats_are_numbers_of_64_bits() -> None:
    assert parse_kstat("1 2\nname type data\nhits 4 12\nno 7 text\nless 3 -5\nshort 4\n") == {"hits": 12, "less": -5}


@pytest.mark.parametrize(
    ("layout", "devices", "ratio"),
    [
        ("single", 1, 1),
        ("dup", 1, 2),
        ("raid1", 2, 2),
        ("raid5", 3, 1.5),
        ("raid6", 4, 2),
        ("raid5", 1, 1),
        ("new", 1, 1),
    ],
)
def test_btrfs_allocation_ratio(layout: str, devices: int, ratio: float) -> None:
    assert allocation_ratio(layout, devices) == ratio


def test_btrfs_commit_stats() -> None:
    assert parse_commit_stats("commits 3\nlast_commit_ms 12\nodd x\n") == {"commits": 3, "last_commit_ms": 12}


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("temp1_input", ("temp", 1, "input")),
        ("temp12_crit_alarm", ("temp", 12, "crit_alarm")),
        ("in0_input", ("in", 0, "input")),
        ("pwm1", ("pwm", 1, "")),
        ("beep_enable", ("beep_enable", 0, "")),
        ("update_interval", ("update_interval", 0, "")),
        ("vrm", ("vrm", 0, "")),
        ("uevent", None),
        ("name", None),
        ("device", None),
    ],
)
def test_sensor_files(file: str, split: tuple[str, int, str] | None) -> None:
    assert split_file(file) == split


@pytest.mark.parametrize(
    ("kind", "element", "name"),
    [
        ("temp", "input", "node_hwmon_temp_celsius"),
        ("temp", "crit_alarm", "node_hwmon_temp_crit_alarm_celsius"),
        ("temp", "alarm", "node_hwmon_temp_alarm"),
        ("fan", "input", "node_hwmon_fan_rpm"),
        ("fan", "min", "node_hwmon_fan_min_rpm"),
        ("in", "input", "node_hwmon_in_volts"),
        ("power", "average", "node_hwmon_power_average_watt"),
        ("energy", "input", "node_hwmon_energy_joule_total"),
        ("pwm", "", "node_hwmon_pwm"),
    ],
)
def test_sensor_names(kind: str, element: str, name: str) -> None:
    assert metric_of(kind, element, has_plain=False)[0] == name


def test_device_words_become_label_words() -> None:
    assert clean("Package id 0") == "package_id_0"
    assert clean("_CPU-온도_") == "cpu"


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("-1", -1), ("0x1f", 31), ("", None), ("1.5", None), ("on", None)]
)
def test_numbers_of_sysfs(text: str, value: float | None) -> None:
    assert number(text) == value


def test_a_file_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hannun.collect.host.roots.FILE_BYTES_MAX", 100_000)
    with pytest.raises(OSError, match="longer than"):
        read_bytes("/dev/zero")


def test_hardware_that_is_not_there_is_no_failure(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(NoData):
        bonding(Roots.below(str(tmp_path_factory.mktemp("empty"))))
