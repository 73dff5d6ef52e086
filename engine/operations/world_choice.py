"""Which world of a home a bare command leads to: the account whenever something of it may need a person, then the rest.

A demo or a replay left running must never stand before an account whose engine died with positions open.
"""

import contextlib

from engine.host.liveness import EngineState, ended_uncleanly, engine_state
from engine.settings.sections import ShellSections
from engine.status import engines_astray, read_status, told_astray, was_never_used
from engine.world.directories import Home, World, WorldDirectory


def used_worlds(home: Home) -> list[WorldDirectory]:
    """Return the worlds of a home that were ever used: the account first, then the one used last."""
    return sorted(
        (directory for directory in home.worlds if directory.path.is_dir()),
        key=lambda directory: (directory.world is not World.ACCOUNT, -last_used(directory)),
    )


def account_needs_a_look(home: Home, settings: ShellSections) -> bool:
    """Say whether an engine of the account's runs or ended uncleanly, or its book is open or unknown.

    May ask the broker. A world in which nothing ever began holds nothing.
    """
    account = home.world(World.ACCOUNT)
    if engines_astray(account, settings.upstox):
        return True
    if not account.path.is_dir():
        return False
    if engine_state(account) is not EngineState.NONE or ended_uncleanly(account):
        return True
    if was_never_used(account):
        return False
    book = read_status(account, settings)[0]["book"]
    return not (isinstance(book, dict) and book["state"] == "FLAT")


def leading_world(home: Home, settings: ShellSections) -> World | None:
    """Return the world to attach to or go on with; None where nothing runs, was cut off or is open."""
    if account_needs_a_look(home, settings):
        return World.ACCOUNT
    used = used_worlds(home)
    for directory in used:
        if engine_state(directory) is not EngineState.NONE:
            return directory.world
    for directory in used:
        if ended_uncleanly(directory):
            return directory.world
    return None


def shown_world(home: Home, settings: ShellSections) -> WorldDirectory:
    """Return the world whose status stands first: the leading one, else the one used last."""
    leading = leading_world(home, settings)
    if leading is not None:
        return home.world(leading)
    used = sorted(used_worlds(home), key=last_used, reverse=True)
    return used[0] if used else home.world(World.ACCOUNT)


def status_of(directory: WorldDirectory, settings: ShellSections) -> tuple[dict[str, object], str]:
    """Return the contract's status object of a world, and why it says less than it could (else empty)."""
    status, problem = read_status(directory, settings)
    return status, "; ".join(text for text in (told_astray(directory, settings.upstox), problem) if text)


def last_used(directory: WorldDirectory) -> float:
    """Return when something of a world was last written, in seconds since the epoch; 0 where nothing was."""
    times = [0.0]
    for path in (directory.ledger, directory.exchange, directory.path / "ledger.sqlite-wal"):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)
