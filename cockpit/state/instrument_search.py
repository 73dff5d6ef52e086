"""The search for instruments, in a process of its own: the master's hundred thousand lines never hold the screen.

``python -m cockpit.state.instrument_search`` reads one text a line and answers each with one line; it ends with its
input. It runs at a lower priority than the engine and lives only while somebody searches.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from engine.system.errors import CockpitError
from engine.system.privacy import keep_private

if TYPE_CHECKING:
    from engine.operations.desk import Desk

MOST_FOUND: Final = 30
_LONGEST_TEXT: Final = 200
_LONGEST_ANSWER: Final = 1_000_000
_PATIENCE: Final = 60.0
"""Seconds for one answer: the first of a day may fetch the instrument lists."""
_NICENESS: Final = 10


class FoundRow(msgspec.Struct, frozen=True):
    """One listed instrument."""

    key: str
    symbol: str
    detail: str
    """Name, lot, expiry and whether it may be traded intraday."""


class Found(msgspec.Struct, frozen=True):
    """What a text means and what holds its words."""

    meant: FoundRow | None = None
    """The one instrument that the text names today: a key, a symbol or an alias."""
    problem: str = ""
    rows: tuple[FoundRow, ...] = ()
    more: int = 0


class Searcher(Protocol):
    """Looks instruments up by a few words."""

    async def find(self, text: str) -> Found:
        """Return what was found; one search at a time. What goes wrong is the answer's ``problem``."""
        ...

    async def close(self) -> None:
        """Give back what searching takes."""
        ...


class SearchProcess:
    """Starts the searching process with the first search and ends it on ``close``."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._argv = tuple(argv)
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    def of(cls, desk: "Desk") -> "SearchProcess":
        """Return the search of a home; secrets go by the environment."""
        argv = [sys.executable, "-m", "cockpit.state.instrument_search", "--home", os.fspath(desk.home.root)]
        for override in desk.public_overrides:
            argv += ["--set", override]
        return cls(argv, desk.secret_environment)

    async def find(self, text: str) -> Found:
        """Return what was found; a process that died or hangs is ended and named, the next search has a new one."""
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await self._ask(text)
        except TimeoutError:
            await self.close()
            return Found(problem=f"expected an answer of the search within {_PATIENCE:.0f} s, got none")
        except (OSError, ValueError) as error:
            await self.close()
            return Found(problem=f"expected the search to answer, got: {error}")
        try:
            return msgspec.json.decode(answer, type=Found)
        except msgspec.DecodeError:
            await self.close()
            return Found(
                problem="expected the search to answer, got its end; `cockpit instruments TEXT` says why"
            )

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _ask(self, text: str) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
                limit=_LONGEST_ANSWER,
            )
        given, answers = self._process.stdin, self._process.stdout
        if given is None or answers is None:
            raise OSError("no line to the search")
        given.write(" ".join(text.split())[:_LONGEST_TEXT].encode() + b"\n")
        await given.drain()
        return await answers.readline()


def answer(desk: "Desk", text: str) -> Found:
    """Look a text up in the home's instrument lists."""
    from engine.operations.account_desk import AccountDesk

    try:
        found, notes = AccountDesk(desk).look_up(text, MOST_FOUND)
    except CockpitError as error:
        return Found(problem=str(error))
    rows = tuple(FoundRow(row.listing.key, row.listing.symbol, row.describe()) for row in found.rows)
    meant = found.meant
    told = None if meant is None else FoundRow(meant.listing.key, meant.listing.symbol, meant.describe())
    problem = found.problem or ("" if told or rows else "; ".join(notes))
    return Found(told, problem, rows, found.more)


def main(argv: Sequence[str] | None = None) -> int:
    """Answer each line of standard input until it ends."""
    from engine.operations.desk import open_desk

    parser = argparse.ArgumentParser("python -m cockpit.state.instrument_search", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args(argv)
    keep_private()
    os.nice(_NICENESS)
    try:
        desk = open_desk(arguments.home, arguments.set)
    except CockpitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for line in sys.stdin.buffer:
        found = answer(desk, line.decode("utf-8", "replace").strip())
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
