"""The rollout read off the record, in a process of its own: years of trades never hold the screen.

``python -m cockpit.state.rollout_reading`` prints one answer and ends. It runs at a lower priority than the engine.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from engine.contract.rollout_views import RolloutSight
from engine.system.errors import CockpitError
from engine.system.privacy import keep_private

if TYPE_CHECKING:
    from engine.operations.desk import Desk

_PATIENCE: Final = 60.0
_NICENESS: Final = 10


class RolloutReading(msgspec.Struct, frozen=True):
    """What the record told: the rollout, or why it did not."""

    sight: RolloutSight | None = None
    problem: str = ""


class RolloutReader(Protocol):
    """Reads the rollout of the home's account."""

    async def read(self) -> RolloutReading:
        """Return what the record tells now; what goes wrong is its ``problem``."""
        ...


class RolloutProcess:
    """Starts a process for each reading; one that is not awaited any more is ended."""

    def __init__(self, desk: "Desk") -> None:
        """Read the home of a desk; secrets go by the environment."""
        self._argv = [
            sys.executable,
            "-m",
            "cockpit.state.rollout_reading",
            "--home",
            os.fspath(desk.home.root),
        ]
        for override in desk.public_overrides:
            self._argv += ["--set", override]
        self._environment = {**os.environ, **desk.secret_environment}

    async def read(self) -> RolloutReading:
        """Return what the record tells now."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
            )
        except OSError as error:
            return RolloutReading(problem=f"expected to start reading the record, got: {error}")
        try:
            async with asyncio.timeout(_PATIENCE):
                told, _ = await process.communicate()
            return msgspec.json.decode(told, type=RolloutReading)
        except TimeoutError:
            return RolloutReading(problem=f"expected the record read within {_PATIENCE:.0f} s, got nothing")
        except msgspec.DecodeError:
            return RolloutReading(problem="expected an answer, got none; `cockpit rollout` says why")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def read_rollout(home: Path, overrides: Sequence[str]) -> RolloutReading:
    """Read a home's rollout here and now."""
    from engine.operations.desk import open_desk
    from engine.operations.rollout_sight import rollout_sight

    try:
        return RolloutReading(rollout_sight(open_desk(home, overrides)))
    except CockpitError as error:
        return RolloutReading(problem=str(error))


def main(argv: Sequence[str] | None = None) -> int:
    """Print one reading."""
    parser = argparse.ArgumentParser("python -m cockpit.state.rollout_reading", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args(argv)
    keep_private()
    os.nice(_NICENESS)
    sys.stdout.buffer.write(msgspec.json.encode(read_rollout(arguments.home, arguments.set)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
