"""Becomes another program: unprivileged where asked, and told to stop when the launcher dies.

Run as a script by `specrec.processes.spawn`, standard library only. It exists because the alternative, code between
fork and exec of a process with threads, can deadlock. Arguments: parent, signal at its death, uid, gid, program.
A uid of -1 keeps the identity. Otherwise the program keeps one capability, to pass folders that are closed to the uid
(a checkout below /root): nobody's permissions are loosened, and the program still owns only its own files.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522
# Reading and searching is enough and is the narrower one; containers often grant only the wider one.
_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE = 2, 1

NO_PASSAGE = 75  # exit status: the capability could not be kept; chosen from sysexits (EX_TEMPFAIL)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _permitted(libc: ctypes.CDLL) -> int:
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    _checked(libc.capget(ctypes.byref(header), data), "capget")
    return int(data[0].permitted)


def _become(uid: int, gid: int) -> None:
    """Give up root, keeping the one capability through the change of identity and through exec."""
    libc = _libc()
    permitted = _permitted(libc)
    passage = next((cap for cap in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if permitted & (1 << cap)), None)
    if passage is None:
        raise PermissionError("this root has neither CAP_DAC_READ_SEARCH nor CAP_DAC_OVERRIDE")
    # Without this bit the change of uid drops all capabilities, and access(2), which PostgreSQL asks, ignores them.
    _checked(libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    data[0] = _Data(1 << passage, 1 << passage, 1 << passage)
    _checked(libc.capset(ctypes.byref(header), data), "capset")
    _checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, passage, 0, 0), "ambient capability")


def _die_with(parent: int, signal_number: int) -> None:
    """Ask for the signal at the launcher's death; the order (after the change of identity, which clears it) matters."""
    if sys.platform == "linux":
        _checked(_libc().prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "parent death signal")
    if os.getppid() != parent:
        raise SystemExit("the launcher is gone")


def main(arguments: list[str]) -> None:
    """Change identity, bind to the launcher's life, become the program."""
    parent, signal_number, uid, gid = (int(argument) for argument in arguments[:4])
    program = arguments[4:]
    if uid != -1:
        try:
            _become(uid, gid)
        except OSError as error:
            sys.stderr.write(f"cannot run {program[0]} as uid {uid}: {error}\n")
            raise SystemExit(NO_PASSAGE) from error
    _die_with(parent, signal_number)
    os.execv(program[0], program)  # noqa: S606 - becoming another program, without a shell, is the whole purpose


if __name__ == "__main__":
    main(sys.argv[1:])
