"""Whether this machine can carry a trading day: processor, memory, disk, network, file handles."""

import os
import resource
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import psutil

import config
from engine.preflight.failed_reads import judged
from engine.preflight.report import Check, Group
from engine.system.plain_file import plain_descriptor

_GROUP: Final = Group.SYSTEM
_WINDOWS: Final = 4
_WINDOW_SECONDS: Final = 0.25
_MEGABYTE: Final = 1_000_000
_TRIAL: Final = 64 * 1024
"""Bytes written and synced to prove that the disk takes them."""


def check_processor(
    settings: config.PreflightSettings, *, live: bool, sleep: Callable[[float], None] = time.sleep
) -> Sequence[Check]:
    """Measure what others use of the processors, our own work left out: the quietest of a few short windows."""
    process, processors = psutil.Process(), psutil.cpu_count() or 1
    quietest = 100.0
    for _ in range(_WINDOWS):
        before, own_before = psutil.cpu_times(), process.cpu_times()
        sleep(_WINDOW_SECONDS)
        after, own_after = psutil.cpu_times(), process.cpu_times()
        total = sum(after) - sum(before)
        if total <= 0:
            continue
        idle = (after.idle - before.idle) + (getattr(after, "iowait", 0.0) - getattr(before, "iowait", 0.0))
        own = (own_after.user - own_before.user) + (own_after.system - own_before.system)
        quietest = min(quietest, max(0.0, 100 * (total - idle - own) / total))
    figure = f"{quietest:.0f} % of {processors} processors in use by others"
    # A moment's load is no reason to keep paper from its market.
    reason = f"expected at most {settings.max_cpu_pct:g} %" if quietest > settings.max_cpu_pct else ""
    values: dict[str, object] = {"used_pct": round(quietest, 1), "processors": processors}
    return [judged(_GROUP, "processor", figure, reason, needed=live, values=values)]


def check_memory(settings: config.PreflightSettings) -> Sequence[Check]:
    """Read the memory that can be had."""
    free = psutil.virtual_memory().available // _MEGABYTE
    least = settings.min_memory_mb
    reason = f"expected at least {least} MB; end what else runs here" if free < least else ""
    return [judged(_GROUP, "memory", f"{free:,} MB free", reason, values={"free_mb": free})]


def check_disk(settings: config.PreflightSettings, home: Path) -> Sequence[Check]:
    """Read the free disk below the home, and write to it: a full or read-only one takes no ledger."""
    place = next((path for path in (home, *home.parents) if path.is_dir()), home)
    try:
        free = shutil.disk_usage(place).free // _MEGABYTE
        _try_writing(place)
    except OSError as error:
        reason = f"{place}: expected a disk that takes {_TRIAL:,} bytes, got: {error.strerror or error}"
        return [judged(_GROUP, "disk", "", reason)]
    figure = f"{free:,} MB free at {place}"
    reason = f"expected at least {settings.min_disk_mb} MB; free some" if free < settings.min_disk_mb else ""
    return [judged(_GROUP, "disk", figure, reason, values={"free_mb": free, "path": str(place)})]


def check_handles(settings: config.PreflightSettings) -> Sequence[Check]:
    """Read how many files this user's processes may open."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return [judged(_GROUP, "file handles", "no limit", "", values={"allowed": None})]
    reason = ""
    if allowed < settings.min_file_handles:
        reason = f"expected at least {settings.min_file_handles}; raise it with ulimit -n"
    return [judged(_GROUP, "file handles", f"{allowed:,} allowed", reason, values={"allowed": allowed})]


def check_network(*, on_this_machine: bool) -> Sequence[Check]:
    """Read which network interfaces are up; a broker on this machine needs none."""
    up = sorted(
        name
        for name, state in psutil.net_if_stats().items()
        if state.isup and "loopback" not in state.flags.split(",") and not name.startswith("lo")
    )
    figure = f"{', '.join(up)} up" if up else "no interface is up"
    reason = "" if up or on_this_machine else "expected a network interface that is up, got none; connect it"
    return [judged(_GROUP, "network", figure, reason, values={"interfaces": up})]


def _try_writing(place: Path) -> None:
    trial = place / f".preflight-{os.getpid()}"
    try:
        descriptor = plain_descriptor(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            left = _TRIAL
            while left > 0:
                left -= os.write(descriptor, bytes(left))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        trial.unlink(missing_ok=True)
