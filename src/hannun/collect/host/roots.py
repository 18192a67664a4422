"""Where the host's files are, and how they are read: plain descriptors, because a round reads hundreds of them.

In a container the host's trees are mounted elsewhere (`/host/proc`, `/rootfs`); tests point at recorded trees.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

FILE_BYTES_MAX = 16 << 20
"""No file we read is this long on a sane machine; a pseudo file that never ends must not take our memory."""
_CHUNK = 1 << 16


def read_bytes(path: str) -> bytes:
    """The whole file. Raises OSError as the kernel gives it, and when the file is longer than FILE_BYTES_MAX."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        first = os.read(descriptor, _CHUNK)
        chunks, size = [first], len(first)
        # Files of /proc come in pieces of any size: only an empty read is their end.
        while chunks[-1]:
            chunks.append(os.read(descriptor, _CHUNK))
            size += len(chunks[-1])
            if size > FILE_BYTES_MAX:
                raise OSError(f"{path} is longer than {FILE_BYTES_MAX} bytes")
        return b"".join(chunks) if len(chunks) > 2 else first
    finally:
        os.close(descriptor)


def read_text(path: str) -> str:
    """The file as text. Bytes that are no UTF-8 become U+FFFD: labels must be text whatever a device calls itself."""
    return read_bytes(path).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Roots:
    """`textfiles`: folder of `*.prom` files, empty for none."""

    procfs: str = "/proc"
    sysfs: str = "/sys"
    rootfs: str = "/"
    udevfs: str = "/run/udev/data"
    textfiles: str = "/var/lib/prometheus/node-exporter"

    @staticmethod
    def below(folder: str) -> Roots:
        """A recorded tree: `folder/proc`, `folder/sys`, `folder/root`, `folder/udev`, `folder/textfiles`."""
        return Roots(f"{folder}/proc", f"{folder}/sys", f"{folder}/root", f"{folder}/udev", f"{folder}/textfiles")

    def proc(self, path: str) -> str:
        """Text of a file of /proc. Raises OSError."""
        return read_text(f"{self.procfs}/{path}")

    def sys(self, path: str) -> str:
        """Text of a file of /sys without its surrounding white space. Raises OSError."""
        return read_text(f"{self.sysfs}/{path}").strip()

    def sys_or_none(self, path: str) -> str | None:
        """Like `sys`; None when it is absent or the driver refuses (many attributes fail with EINVAL or EIO)."""
        try:
            return self.sys(path)
        except OSError:
            return None

    def sys_number(self, path: str) -> float | None:
        """A number of one file of /sys, decimal or 0x-hexadecimal; None when there is none to be had."""
        text = self.sys_or_none(path)
        return None if text is None else number(text)

    def sys_list(self, path: str) -> list[str]:
        """Sorted names in a folder of /sys; empty when it does not exist."""
        try:
            return sorted(os.listdir(f"{self.sysfs}/{path}"))
        except OSError:
            return []

    def root(self, path: str) -> str:
        """The name under which a path of the host is reached from here."""
        return path if self.rootfs in ("/", "") else f"{self.rootfs.rstrip('/')}{path}"


def number(text: str) -> float | None:
    """`12`, `-1`, `0x1f` -> float; anything else None."""
    try:
        return float(int(text, 16) if text[:2] in ("0x", "0X") else int(text))
    except ValueError:
        return None
