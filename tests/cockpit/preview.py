"""The trade screen on a market that moves by itself, for looking at: ``python -m tests.cockpit.preview``."""

import asyncio
import random
import sys
from contextlib import suppress

import msgspec

from cockpit.app_factory import make_app
from config import ScreenSettings
from engine.contract.commands import Command, CommandResult, Outcome
from engine.contract.views import LadderView, ScreenView
from tests.cockpit.pictures import killed, picture
from tests.cockpit.scripted import ScriptedKillSwitch, ScriptedLine


def _moved(ladder: LadderView, last: int, dice: random.Random) -> LadderView:
    rows = list(ladder.rows)
    for index, row in enumerate(rows):
        step = (row.price - last // 200 * 200) // 200
        more = dice.randrange(4_000) if step == 0 else 0
        letters = row.letters if "N" in row.letters or step != 0 else row.letters + "N"
        rows[index] = msgspec.structs.replace(
            row,
            volume=row.volume + more,
            letters=letters,
            bid_size=dice.randrange(50, 900) if -3 < step <= 0 else 0,
            ask_size=dice.randrange(50, 900) if 0 <= step < 3 else 0,
        )
    return msgspec.structs.replace(
        ladder,
        rows=tuple(rows),
        max_volume=max(row.volume for row in rows),
        last=last,
        bid=last - 10,
        ask=last + 10,
        change=last - 154_800,
        change_pct=(last - 154_800) / 1548,
    )


def stream(dice: random.Random, view: ScreenView) -> ScreenView:
    """The next view of the moving market."""
    assert view.ladder is not None
    last = (view.ladder.last or 0) + 10 * dice.choice((-2, -1, -1, 0, 1, 1, 2))
    watchlist = tuple(
        msgspec.structs.replace(row, last=(row.last or 0) + row.tick * dice.choice((-1, 0, 0, 1)))
        for row in view.watchlist
    )
    header = msgspec.structs.replace(
        view.header,
        market_time=view.header.market_time + 100_000,
        entries_close_in=10_073 - view.number // 10,
        feed_age_ms=dice.randrange(50, 900),
    )
    return msgspec.structs.replace(
        view,
        number=view.number + 1,
        header=header,
        watchlist=(msgspec.structs.replace(watchlist[0], last=last), *watchlist[1:]),
        ladder=_moved(view.ladder, last, dice),
    )


async def _run(views_per_second: float) -> None:
    line = ScriptedLine()
    is_killed = False

    def answer(command: Command) -> CommandResult:
        nonlocal is_killed
        is_killed = is_killed or type(command).__name__ == "Kill"
        return CommandResult(command.id, Outcome.ACCEPTED, "taken by the preview")

    line.answer = answer
    app = make_app(line, ScriptedKillSwitch(), ScreenSettings())

    async def feed() -> None:
        dice = random.Random(7)
        view = picture()
        while True:
            view = stream(dice, view)
            line.say(killed(view, "KILLING", "1 of 2 closed") if is_killed else view)
            await asyncio.sleep(1 / views_per_second)

    feeding = asyncio.create_task(feed())
    await app.run_async()
    feeding.cancel()
    with suppress(asyncio.CancelledError):
        await feeding


if __name__ == "__main__":
    asyncio.run(_run(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
