"""Walls for a process whose machine is a pod of its own: no network, whatever the cluster's own network allows.

In a pod that keeps to Kubernetes' *restricted* profile no process may make namespaces, so `goflow_runner.confine` has
nothing to work with. What it would give comes from the pod: other processes, other files and any write to them are not
there for its container. What is left is the network, and a filter on system calls shuts it for this process and all
that it starts, for ever and without any privilege: no socket but those within the machine (``AF_UNIX``) can be made.
https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from goflow_runner.confine import Limits, NotConfinedError

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _IS, _IS_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
"""Where ``struct seccomp_data`` has them."""
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_AF_UNIX = 1
_IO_URING_SETUP = 425
_FIRST_X32 = 0x40000000
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""What the kernel calls a machine (``AUDIT_ARCH_``), and the number of ``socket`` there."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def put_up(limits: Limits) -> None:
    """Put them up around this process, which must have one thread. Raises NotConfinedError."""
    limits.apply()
    steps = b"".join(struct.pack("<HBBI", *step) for step in _steps(os.uname().machine))
    program = _Program(len(steps) // 8, steps)
    libc = ctypes.CDLL(None, use_errno=True)
    for words, arguments in (
        ("no_new_privs", (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
        ("seccomp", (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)),
    ):
        if libc.prctl(*arguments) != 0:
            raise NotConfinedError(f"{words}: {os.strerror(ctypes.get_errno())}")


def _steps(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter: code, how far to jump if so, how far if not, value. Raises NotConfinedError.

    A call of another machine's numbers (32-bit programs, x32) is none at all, and neither is ``io_uring``, which makes
    sockets without a call.
    """
    if machine not in _MACHINES:
        raise NotConfinedError(f"a filter of system calls is not known for {machine}")
    known, socket = _MACHINES[machine]
    return [
        (_LOAD, 0, 0, _MACHINE),
        (_IS, 0, 8, known),
        (_LOAD, 0, 0, _NUMBER),
        (_IS_AT_LEAST, 6, 0, _FIRST_X32),
        (_IS, 5, 0, _IO_URING_SETUP),
        (_IS, 0, 2, socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IS, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
