"""Targets to scrape, good and bad: one HTTP server in threads, a page under each path.

A page gets the raw socket, so that it can lie: say nothing, never end, inflate, redirect in a circle.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType

Page = Callable[[socket.socket, threading.Event], None]
"""Answers one request; the event is set when the server closes."""

TEXT_FORMAT = "text/plain; version=0.0.4"
HEAD_BYTES_MAX = 64 << 10


class TargetServer:
    """`with TargetServer({"/metrics": page(b"a 1\\n")}) as targets:`; pages may be replaced while it runs.

    `asked` is when (Unix time, s) each path was asked for.
    """

    def __init__(self, pages: Mapping[str, Page], port: int = 0) -> None:
        self.pages = dict(pages)
        self.asked: dict[str, list[float]] = defaultdict(list)
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._over = threading.Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> TargetServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        # Closing alone does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head and len(head) < HEAD_BYTES_MAX:
                    piece = connection.recv(4096)
                    if not piece:
                        return
                    head += piece
                path = head.split(b" ", 2)[1].split(b"?")[0].decode("latin-1")
                self.asked[path].append(time.time())
                self.pages.get(path, status("404 Not Found"))(connection, self._over)
                # Sent is not received: a close with unread bytes would reset the connection.
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                return


def page(body: bytes | Callable[[], bytes], **headers: str) -> Page:
    """A whole and honest answer; a header `Content_Encoding="gzip"` is only said, not done."""

    def answer(connection: socket.socket, _over: threading.Event) -> None:
        said = body if isinstance(body, bytes) else body()
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(said)}", "Connection: close"]
        lines += [
            f"{name.replace('_', '-')}: {value}" for name, value in {"Content_Type": TEXT_FORMAT, **headers}.items()
        ]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + said)

    return answer


def status(line: str, *headers: str) -> Page:
    """No page, but a status such as `503 Not Now`."""
    said = "\r\n".join([f"HTTP/1.1 {line}", "Content-Length: 0", "Connection: close", *headers]) + "\r\n\r\n"
    return lambda connection, _over: connection.sendall(said.encode())


def redirect(to: str) -> Page:
    return status("307 Temporary Redirect", f"Location: {to}")


def raw(said: bytes) -> Page:
    """Bytes that are no HTTP, perhaps."""
    return lambda connection, _over: connection.sendall(said)


def hang(_connection: socket.socket, over: threading.Event) -> None:
    """Takes the request and says nothing."""
    over.wait(600)


def endless(line: bytes, pause_s: float = 0.0) -> Page:
    """A body without end, as fast as it is read or one line in each pause."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {TEXT_FORMAT}\r\nConnection: close\r\n\r\n".encode())
        lines = line if pause_s else line * (65_536 // len(line))
        while not over.wait(pause_s):
            connection.sendall(lines)

    return answer


def bomb(inflated_bytes: int) -> Page:
    """Comments that gzip makes a thousand times smaller."""
    return page(gzip.compress(b"# nothing\n" * (inflated_bytes // 10), 6), Content_Encoding="gzip")


def many(metric: str, series: int) -> bytes:
    """A page of that many series of one metric."""

    def lines() -> Iterator[str]:
        yield f"# TYPE {metric} gauge\n"
        for number in range(series):
            yield f'{metric}{{number="{number}"}} 1\n'

    return "".join(lines()).encode()
