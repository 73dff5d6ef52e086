"""Which process is which: a pid alone may have been given to another one since."""

import os
import select
import signal
import sys
from pathlib import Path

from engine.system.errors import CockpitError, ErrorKind


class EngineProcessError(CockpitError, RuntimeError):
    """An engine could not be started, taken over or ended; the text says what was found and what to do."""

    kind = ErrorKind.IN_USE


def tells_starts() -> bool:
    """Say whether this system tells when a process began: without /proc Linux does not."""
    return process_start(os.getpid()) is not None


def process_start(pid: int) -> str | None:
    """Return a text that no other process ever shares with this one, None when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None if sys.platform == "linux" else _process_start_elsewhere(pid)
    return f"{boot}:{fields[19].decode('ascii')}"


def _process_start_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def kill_process(pid: int, started: str | None) -> None:
    """End a process by SIGKILL, only if it began at ``started``; raises EngineProcessError for another one.

    None is for a caller that has proven otherwise which process it is.
    """
    # The descriptor pins the process before its start time is compared, so that no recycled pid can slip between.
    try:
        pinned = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except ProcessLookupError:
        return
    try:
        found = process_start(pid)
        if found is None and started is not None:
            return
        if started is not None and found != started:
            raise EngineProcessError(
                f"expected process {pid} to be the engine (start {started}), got another process with its number "
                f"(start {found}); nothing was killed"
            )
        if pinned is None:
            os.kill(pid, signal.SIGKILL)
            return
        signal.pidfd_send_signal(pinned, signal.SIGKILL)
        select.select([pinned], [], [], 5.0)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise EngineProcessError(
            f"expected to be allowed to end process {pid}, got: {error.strerror}; run this as the engine's user"
        ) from error
    finally:
        if pinned is not None:
            os.close(pinned)
