"""A process that may calculate and read what it was given, and nothing else: for files that are run to be read.

Linux namespaces do it, for which no privilege is needed where the kernel lets a process make a user namespace: no
network, no other processes, and a file system that has Python, its packages and the given folders, all read-only, and a
small folder for temporary files that is gone with the process. Where one of them is not to be had, `Confined.enter`
raises; nobody's file is ever run half confined.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

_NEW_NS, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_MNT_DETACH = 2
_MOUNT_SETATTR, _AT_RECURSIVE, _AT_FDCWD = 442, 0x8000, -100
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID = 1, 2
_READ_ONLY = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_BEFORE = "/.before"
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 1, 38, 24
_SIGKILL = 9
_LAST_CAPABILITY = 63
_NOBODY = 65534
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
ETC = ("alternatives", "ssl", "ca-certificates", "ld.so.cache", "localtime", "timezone", "mime.types", "nsswitch.conf")
DEVICES = ("null", "zero", "random", "urandom")
MOST_PIDS = 400
TEMPORARY = "/tmp"  # noqa: S108 - of the new root, which nobody else sees
TEMPORARY_SIZE = "64m"
PLACES = ("/mnt", "/srv", "/media")
"""Folders of which one is there on any machine: the new root is put together over it, where only this process looks."""


class NotConfinedError(Exception):
    """This machine does not let a process shut itself in: WHAT it refused."""


@dataclass(frozen=True)
class Limits:
    """ADDRESS_SPACE and FILE_SIZE in bytes, CPU in seconds of processor time, FILES open, PROCESSES at a time
    (None: it is not for the process to say, since the kernel counts those of its user on the whole machine)."""

    address_space: int = 4 << 30
    cpu: int = 30
    files: int = 256
    processes: int | None = 64
    file_size: int = 64 << 20

    def apply(self) -> None:
        """Set them for this process and what it starts."""
        for kind, value in (
            (resource.RLIMIT_AS, self.address_space),
            (resource.RLIMIT_CPU, self.cpu),
            (resource.RLIMIT_NOFILE, self.files),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_FSIZE, self.file_size),
            (resource.RLIMIT_CORE, 0),
        ):
            if value is None:
                continue
            hard = resource.getrlimit(kind)[1]
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (most, most))


@dataclass(frozen=True)
class Confined:
    """What the process will see: FOLDERS are paths inside to the paths that they have outside."""

    folders: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def enter(self) -> int:
        """Shut in a child of this process. Gives 0 in the child and the child's pid in the parent, as ``fork`` does.

        The process must have one thread. Raises NotConfinedError in the parent; it is of no use for anything else then.
        """
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
        uid, gid = os.getuid(), os.getgid()
        _call("unshare", _NEW_USER | _NEW_NS | _NEW_NET | _NEW_PID | _NEW_IPC | _NEW_UTS)
        _map_ids(uid, gid)
        root = self._make_root()
        told, tell = os.pipe()
        pid = os.fork()
        if pid:
            os.close(tell)
            with os.fdopen(told, encoding="utf-8") as channel:
                problem = channel.read()
            if problem:
                os.waitpid(pid, 0)
                raise NotConfinedError(problem)
            return pid
        os.close(told)
        try:
            self._move_in(root)
        except BaseException as problem:
            os.write(tell, (str(problem) or type(problem).__name__).encode())
            os._exit(1)
        os.close(tell)
        return 0

    def _make_root(self) -> str:
        """Put the new root together; gives where it stands."""
        wanted = self._wanted()
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        held = {inside: os.open(outside, os.O_PATH) for inside, outside in wanted.items()}
        root = next((place for place in PLACES if os.path.isdir(place)), TEMPORARY)
        _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
        os.mkdir(root + TEMPORARY)
        _mount("tmpfs", root + TEMPORARY, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={TEMPORARY_SIZE},mode=1777")
        for inside in sorted(held, key=lambda path: path.count("/")):
            _bind(held[inside], root + inside)
            os.close(held[inside])
        for name in SYSTEM:
            if os.path.islink(name) and not os.path.lexists(root + name):
                os.symlink(os.readlink(name), root + name)
        for inside in ("/proc", _BEFORE):
            os.makedirs(root + inside, exist_ok=True)
        return root

    def _wanted(self) -> dict[str, str]:
        """Paths inside to paths outside, of everything that is there to read."""
        python = {os.path.abspath(path) for path in (sys.prefix, sys.base_prefix, *sys.path) if path}
        parts = [*SYSTEM, *(f"/etc/{name}" for name in ETC), *(f"/dev/{name}" for name in DEVICES)]
        outside = [*parts, *python, *(os.path.realpath(path) for path in python)]
        found = {path: path for path in outside if os.path.exists(path) and not os.path.islink(path)}
        found.update(self.folders)
        return {
            inside: path
            for inside, path in found.items()
            if not any(inside != other and _lies_in(inside, path, other, found[other]) for other in found)
        }

    def _move_in(self, root: str) -> None:
        """The child's part: the new root with its own ``/proc``, then no way back."""
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
        _pivot(root)
        with contextlib.suppress(NotConfinedError, OSError):  # where the machine's own is masked, there is none
            _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
            _set("/proc/sys/user/max_user_namespaces", 0)  # no namespaces inside of this one
            _set("/proc/sys/kernel/pid_max", MOST_PIDS)  # Linux 6.14; RLIMIT_NPROC does not hold for root
        _call("umount2", _BEFORE.encode(), _MNT_DETACH)
        _set_attributes("/", _READ_ONLY, 0, _AT_RECURSIVE)
        _set_attributes(TEMPORARY, 0, _MOUNT_ATTR_RDONLY, 0)
        os.chdir("/")
        self.limits.apply()
        _give_up_privileges()


def _lies_in(inside: str, path: str, other: str, other_path: str) -> bool:
    """Whether OTHER, mounted, brings INSIDE along."""
    return (
        inside.startswith(f"{other.rstrip('/')}/") and path == other_path.rstrip("/") + inside[len(other.rstrip("/")) :]
    )


def _set(path: str, value: int) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def _map_ids(uid: int, gid: int) -> None:
    """Be nobody in there: what belongs to us outside is still ours to read, and an ``exec`` leaves no capability."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{_NOBODY} {uid} 1"), ("gid_map", f"{_NOBODY} {gid} 1")):
        try:
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
        except OSError as problem:
            raise NotConfinedError(f"/proc/self/{name}: {problem.strerror}") from problem


def _give_up_privileges() -> None:
    """No capability, and none to be had by ``exec``."""
    for number in range(_LAST_CAPABILITY + 1):
        _libc().prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc().capset(header, nothing) != 0:
        raise NotConfinedError(f"capset: {os.strerror(ctypes.get_errno())}")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _bind(fd: int, target: str) -> None:
    """What FD is open on, at TARGET, which is made."""
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    _mount(f"/proc/self/fd/{fd}", target, None, _MS_BIND | _MS_REC)


def _set_attributes(path: str, wanted: int, unwanted: int, how_deep: int) -> None:
    """Change the mount at PATH, and what is mounted below it if HOW_DEEP says so (``mount_setattr``, Linux 5.12)."""
    attributes = (ctypes.c_uint64 * 4)(wanted, unwanted, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    if _libc().syscall(_MOUNT_SETATTR, _AT_FDCWD, path.encode(), how_deep, attributes, size) != 0:
        raise NotConfinedError(f"mount_setattr: {os.strerror(ctypes.get_errno())}")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    parts = [None if text is None else text.encode() for text in (source, target, kind)]
    if _libc().mount(*parts, ctypes.c_ulong(flags), options.encode() or None) != 0:
        raise NotConfinedError(f"mount on {target}: {os.strerror(ctypes.get_errno())}")


def _pivot(root: str) -> None:
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise NotConfinedError(f"pivot_root is not known for {os.uname().machine}")
    os.chdir(root)
    _call("syscall", number, b".", _BEFORE.lstrip("/").encode())


def _call(name: str, *arguments: int | bytes) -> None:
    if getattr(_libc(), name)(*arguments) != 0:
        raise NotConfinedError(f"{name}: {os.strerror(ctypes.get_errno())}")


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, value, 0, 0, 0) != 0:
        raise NotConfinedError(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
