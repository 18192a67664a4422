"""NFS, as a client and as a server: packets, calls and operations, from /proc/net/rpc."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


def _words(text: str) -> list[str]:
    return text.split()


_V2 = _words(
    "Null GetAttr SetAttr Root Lookup ReadLink Read WrCache Write Create Remove Rename Link SymLink MkDir "
    "RmDir ReadDir FsStat"
)
_V3 = _words(
    "Null GetAttr SetAttr Lookup Access ReadLink Read Write Create MkDir SymLink MkNod Remove RmDir Rename "
    "Link ReadDir ReadDirPlus FsStat FsInfo PathConf Commit"
)
_CLIENT_V4 = _words(
    "Null Read Write Commit Open OpenConfirm OpenNoattr OpenDowngrade Close Setattr FsInfo Renew SetClientID "
    "SetClientIDConfirm Lock Lockt Locku Access Getattr Lookup LookupRoot Remove Rename Link Symlink Create "
    "Pathconf StatFs ReadLink ReadDir ServerCaps DelegReturn GetACL SetACL FsLocations ReleaseLockowner "
    "Secinfo FsidPresent ExchangeID CreateSession DestroySession Sequence GetLeaseTime ReclaimComplete "
    "LayoutGet GetDeviceInfo LayoutCommit LayoutReturn SecinfoNoName TestStateID FreeStateID GetDeviceList "
    "BindConnToSession DestroyClientID Seek Allocate DeAllocate LayoutStats Clone"
)
# By operation number; those without a name here are not operations, or are not told by node_exporter.
_SERVER_V4 = _words(
    "- - - Access Close Commit Create DelegPurge DelegReturn GetAttr GetFH Link Lock Lockt Locku Lookup "
    "LookupRoot Nverify Open OpenAttr OpenConfirm OpenDgrd PutFH - - Read ReadDir ReadLink Remove Rename "
    "Renew RestoreFH SaveFH SecInfo SetAttr Verify Write RelLockOwner"
)
CLIENT = {"proc2": ("2", _V2), "proc3": ("3", _V3), "proc4": ("4", _CLIENT_V4)}
# The server tells no calls of the Null procedure.
SERVER = {"proc2": ("2", ["-", *_V2[1:]]), "proc3": ("3", ["-", *_V3[1:]]), "proc4ops": ("4", _SERVER_V4)}


def parse_rpc(text: str) -> dict[str, list[float]]:
    """`rpc 1 2 3` -> {"rpc": [1, 2, 3]}. Lines of operations tell first how many follow: left out."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        name, *values = line.split() or ("",)
        if not name:
            continue
        numbers = [float(value) for value in values]
        found[name] = numbers[1:] if name.startswith("proc") else numbers
    return found


@collector("nfs")
def nfs(roots: Roots) -> list[Family]:
    """Raises NoData where nothing was ever mounted by NFS."""
    told = _read(roots, "net/rpc/nfs", "this machine is no NFS client")
    built = Builder()
    net, rpc = told.get("net", []), told.get("rpc", [])
    text = "Total NFSd network packets (sent+received) by protocol type."
    for protocol, value in zip(("udp", "tcp"), net[1:3], strict=False):
        built.counter("node_nfs_packets_total", text, (("protocol", protocol),), value)
    _each(built, [("node_nfs_connections_total", "Total number of NFSd TCP connections.")], net[3:4])
    _each(
        built,
        [
            ("node_nfs_rpcs_total", "Total number of RPCs performed."),
            ("node_nfs_rpc_retransmissions_total", "Number of RPC transmissions performed."),
            (
                "node_nfs_rpc_authentication_refreshes_total",
                "Number of RPC authentication refreshes performed.",
            ),
        ],
        rpc,
    )
    _requests(built, "node_nfs_requests_total", "Number of NFS procedures invoked.", told, CLIENT)
    return built.families()


@collector("nfsd")
def nfsd(roots: Roots) -> list[Family]:
    """Raises NoData where no NFS server runs."""
    told = _read(roots, "net/rpc/nfsd", "this machine is no NFS server")
    built = Builder()
    _each(
        built,
        [
            (
                "node_nfsd_reply_cache_hits_total",
                "Total number of NFSd Reply Cache hits (client lost server response).",
            ),
            (
                "node_nfsd_reply_cache_misses_total",
                "Total number of NFSd Reply Cache an operation that requires caching (idempotent).",
            ),
            (
                "node_nfsd_reply_cache_nocache_total",
                "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…).",
            ),
        ],
        told.get("rc", []),
    )
    _each(
        built,
        [("node_nfsd_file_handles_stale_total", "Total number of NFSd stale file handles")],
        told.get("fh", []),
    )
    _each(
        built,
        [
            ("node_nfsd_disk_bytes_read_total", "Total NFSd bytes read."),
            ("node_nfsd_disk_bytes_written_total", "Total NFSd bytes written."),
        ],
        told.get("io", []),
    )
    for threads in told.get("th", [])[:1]:
        text = "Total number of NFSd kernel threads that are running."
        built.gauge("node_nfsd_server_threads", text, (), threads)
    ahead = told.get("ra", [])
    for size in ahead[:1]:
        text = "How large the read ahead cache is in blocks."
        built.gauge("node_nfsd_read_ahead_cache_size_blocks", text, (), size)
    text = "Total number of NFSd read ahead cache not found."
    _each(built, [("node_nfsd_read_ahead_cache_not_found_total", text)], ahead[11:12])
    net, rpc = told.get("net", []), told.get("rpc", [])
    text = "Total NFSd network packets (sent+received) by protocol type."
    for protocol, value in zip(("udp", "tcp"), net[1:3], strict=False):
        built.counter("node_nfsd_packets_total", text, (("proto", protocol),), value)
    _each(built, [("node_nfsd_connections_total", "Total number of NFSd TCP connections.")], net[3:4])
    _each(built, [("node_nfsd_server_rpcs_total", "Total number of NFSd RPCs.")], rpc)
    for error, value in zip(("fmt", "auth", "cInt"), rpc[2:5], strict=False):
        text = "Total number of NFSd RPC errors by error type."
        built.counter("node_nfsd_rpc_errors_total", text, (("error", error),), value)
    text = "Total number NFSd Requests by method and protocol."
    _requests(built, "node_nfsd_requests_total", text, told, SERVER)
    return built.families()


def _read(roots: Roots, file: str, absent: str) -> dict[str, list[float]]:
    try:
        return parse_rpc(roots.proc(file))
    except FileNotFoundError as err:
        raise NoData(absent) from err


def _each(built: Builder, heads: Sequence[tuple[str, str]], values: Sequence[float]) -> None:
    """A counter without labels per head, as far as the kernel tells values."""
    for (name, text), value in zip(heads, values, strict=False):
        built.counter(name, text, (), value)


def _requests(
    built: Builder, name: str, text: str, told: dict[str, list[float]], lines: dict[str, tuple[str, list[str]]]
) -> None:
    for line, (version, methods) in lines.items():
        for method, value in zip(methods, told.get(line, []), strict=False):
            if method != "-":
                built.counter(name, text, (("method", method), ("proto", version)), value)
