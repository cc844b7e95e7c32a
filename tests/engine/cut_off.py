"""``unshare ... python cut_off.py``: run commands on a machine that has nothing but itself, and count who wants more.

In a network namespace whose only interface is ``lo``, the kernel counts each attempt to send anything elsewhere
("OutNoRoutes"), by TCP or UDP, IPv4 or IPv6, of whatever process. Names are looked up at an address that is elsewhere,
so that a look-up counts too, also on machines whose resolver is at 127.0.0.53. It takes no tool beside util-linux's
unshare, and no rights beside those that root has, or a normal user where user namespaces are allowed. Linux only.

stdin: ``{"commands": {name: [argument, ...]}, "folder": folder, "read_only": [folder, ...], "small": {folder: KiB of a
disk of its own}}``, stdout: ``{name: {"status": number, "output": text, "left": attempts, "listens": [address]}}``.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_MS_RDONLY, _MS_REMOUNT, _MS_BIND = 0x1, 0x20, 0x1000
_MS_KEEP = 0xE | 0x400 | 0x200000
"""nosuid, nodev, noexec, noatime and relatime: what a mount has, its copy must keep."""
_LISTENS = "0A"

_ELSEWHERE = {
    # TEST-NET-1 is nobody's.
    "/etc/resolv.conf": "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}


def main() -> None:
    wanted = json.load(sys.stdin)
    _raise_loopback()
    for name, content in _ELSEWHERE.items():
        if Path(name).exists():
            with tempfile.NamedTemporaryFile("w", delete=False) as file:
                file.write(content)
            Path(file.name).chmod(0o644)
            _mount(file.name, name, _MS_BIND)
    for folder in wanted["read_only"]:
        _mount(folder, folder, _MS_BIND)
        _mount(folder, folder, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | os.statvfs(folder).f_flag & _MS_KEEP)
    for folder, size in wanted["small"].items():
        _mount("tmpfs", folder, 0, kind="tmpfs", options=f"size={size}k")
    answers: dict[str, Any] = {}
    for name, command in wanted["commands"].items():
        before = attempts()
        done = subprocess.run(
            command, cwd=wanted["folder"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        answers[name] = {
            "status": done.returncode,
            "output": done.stdout,
            "left": attempts() - before,
            "listens": sorted(listeners()),
        }
    json.dump(answers, sys.stdout)


def attempts() -> int:
    """How often anything in this namespace has tried to reach another machine."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:"))
    found = int(values[names.index("OutNoRoutes")])
    six = Path("/proc/net/snmp6")
    for line in six.read_text().splitlines() if six.exists() else ():
        name, value = line.split()
        found += int(value) if name == "Ip6OutNoRoutes" else 0
    return found


def listeners() -> set[str]:
    """The addresses on which TCP servers of this namespace listen."""
    found: set[str] = set()
    for table, family in (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6)):
        rows = [line.split() for line in Path(table).read_text().splitlines()[1:]] if Path(table).exists() else []
        for row in rows:
            if row[3] == _LISTENS:
                words = bytes.fromhex(row[1].partition(":")[0])
                # The kernel prints words of four bytes as it has them.
                address = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
                found.add(socket.inet_ntop(family, address))
    return found


def _raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP_RUNNING))


def _mount(source: str, target: str, flags: int, *, kind: str = "", options: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


if __name__ == "__main__":
    main()
