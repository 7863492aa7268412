"""Run time and misses of loaded BPF programs, read with bpf(2), because bpftool itself loads programs,
which would disturb a measurement."""
import contextlib
import ctypes
import os
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

_SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
_PROG_GET_FD_BY_ID, _OBJ_GET_INFO_BY_FD = 13, 15
# struct bpf_prog_info in uapi/linux/bpf.h; new members are only added at the end.
_NAME, _RUN_TIME_NS, _SIZE = 64, 192, 232
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Program:
    name: str
    run_time_ns: int
    run_count: int
    missed: int


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = _libc.syscall(_SYS_BPF, command, buffer, 128)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result, buffer.raw


def ids_of(pid):
    """The ids of the programs that a process holds open. Other processes of this host may load
    programs meanwhile, which do not count."""
    found = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            for line in entry.read_text().splitlines():
                if line.startswith("prog_id:"):
                    found.add(int(line.split()[1]))
    return found


def read(program_id):
    """The program's counters, or None if it no longer exists."""
    try:
        fd, _ = _bpf(_PROG_GET_FD_BY_ID, struct.pack("=I", program_id))
    except FileNotFoundError:
        return None
    try:
        info = ctypes.create_string_buffer(_SIZE)
        _bpf(_OBJ_GET_INFO_BY_FD, struct.pack("=IIQ", fd, _SIZE, ctypes.addressof(info)))
        name = info.raw[_NAME:_NAME + 16].split(b"\0")[0].decode()
        return Program(name, *struct.unpack_from("=QQQ", info.raw, _RUN_TIME_NS))
    finally:
        os.close(fd)
