"""Run the fake broker: ``python -m tests.fake_upstox --recording FILE --speed 1 --scenario normal``."""

import argparse
import asyncio
import errno
import json
import os
import signal
import sys
from datetime import date, time
from pathlib import Path

from engine.feeds.recordings.json_file import RecordingError
from engine.feeds.simulator import UnknownScriptError
from tests.fake_upstox.clock import speed_of
from tests.fake_upstox.scenarios import SCENARIOS
from tests.fake_upstox.server import FakeUpstox
from tests.fake_upstox.settings import FakeSettings


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fake_upstox", description="A whole broker on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 chooses a free one")
    parser.add_argument("--recording", nargs="+", action="extend", type=Path, default=[], metavar="FILE")
    parser.add_argument(
        "--speed",
        type=speed_of,
        default=1.0,
        help="exchange seconds per second; 0 stands still, max goes as fast as the streams are read",
    )
    parser.add_argument(
        "--settle",
        type=float,
        default=3.0,
        help="at max: seconds that a subscriber must have stayed before the day goes on",
    )
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="normal")
    parser.add_argument("--date", type=date.fromisoformat, help="pretend that the tape is of this day")
    parser.add_argument("--start", type=time.fromisoformat, help="begin at this time of the exchange's day")
    parser.add_argument("--clock", choices=("recording", "wall"), default="recording")
    parser.add_argument("--instruments", type=int, help="how many instruments move")
    parser.add_argument("--script", help="a written day of the simulator")
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulated day")
    parser.add_argument("--capital", type=float, default=1_000_000.0, help="rupees")
    parser.add_argument(
        "--square-off", type=time.fromisoformat, help="when the broker closes product I by itself"
    )
    parser.add_argument("--ping-seconds", type=float, default=10.0)
    parser.add_argument("--redirect-uri", help="the only redirect address that the sign-in accepts")
    parser.add_argument("--notifier-url", help="loopback address that gets the token of a token request")
    parser.add_argument("--no-rate-limits", action="store_true")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser


def _settings(arguments: argparse.Namespace) -> FakeSettings:
    return FakeSettings(
        recordings=tuple(arguments.recording),
        speed=arguments.speed,
        settle=arguments.settle,
        scenario=arguments.scenario,
        day=arguments.date,
        start=arguments.start,
        wall=arguments.clock == "wall",
        instruments=arguments.instruments,
        capital=arguments.capital,
        script=arguments.script,
        seed=arguments.seed,
        ping_seconds=arguments.ping_seconds,
        redirect_uri=arguments.redirect_uri,
        notifier_url=arguments.notifier_url,
        square_off=arguments.square_off,
        rate_limits=not arguments.no_rate_limits,
        port=arguments.port,
    )


async def _serve(settings: FakeSettings, *, with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with FakeUpstox(settings) as fake:
        sys.stdout.write(json.dumps(fake.addresses) + "\n")
        sys.stdout.flush()
        if with_parent:
            loop.add_reader(sys.stdin, lambda: stop.set() if not os.read(sys.stdin.fileno(), 4_096) else None)
        stopping = asyncio.ensure_future(stop.wait())
        moving = asyncio.ensure_future(fake.wait())
        await asyncio.wait({stopping, moving}, return_when=asyncio.FIRST_COMPLETED)
        if moving.done() and not moving.cancelled():
            moving.result()


def main() -> None:
    """Serve until a signal, or the end of standard input with --with-parent; end with 2 for what cannot be served."""
    parser = _arguments()
    arguments = parser.parse_args()
    missing = [path for path in arguments.recording if not path.exists()]
    if missing:
        parser.error(
            f"{missing[0]}: expected a recording, found none; they are no part of the repository: leave --recording "
            "out, and a simulated day is played"
        )
    try:
        asyncio.run(_serve(_settings(arguments), with_parent=arguments.with_parent))
    except (RecordingError, UnknownScriptError) as error:
        parser.error(str(error))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        parser.error(
            f"--port {arguments.port}: expected a free port, got one in use; leave it out for any free one"
        )


if __name__ == "__main__":
    main()
