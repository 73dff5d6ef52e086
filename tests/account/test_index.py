"""An index that is followed beside what is traded: context, with nothing to buy in it."""

from datetime import time
from pathlib import Path

from engine.contract.commands import ArmManual, Follow, ManualOrder, Outcome, Side
from engine.contract.views import LadderView, ScreenView
from engine.link import UnixLink
from tests.account.stage import begin
from tests.fake_upstox.running import running_fake
from tests.operations.outside import Engine, Outside, made_recordings

INDEX = "NSE_INDEX|Nifty Bank"


def ladder_of(engine: Engine, key: str) -> LadderView:
    async def look(line: UnixLink) -> LadderView:
        await line.select(key)
        async for news in line:
            if (
                isinstance(news, ScreenView)
                and news.ladder is not None
                and news.ladder.key == key
                and news.ladder.last is not None
            ):
                return news.ladder
        raise AssertionError("the line ended before a ladder came")

    return engine.attached(look)


def test_an_index_followed_late_is_context_only_and_says_what_it_does_not_know(
    home: Outside, tmp_path: Path
) -> None:
    with running_fake(recordings=made_recordings(tmp_path), start=time(10, 46)) as fake:
        engine = begin(home, fake)
        engine.do(Follow("follow", "banknifty"))
        ladder = ladder_of(engine, INDEX)
        assert (ladder.ib_low, ladder.ib_high) == (None, None)
        assert ladder.quality == "PARTIAL from 10:46"
        (row,) = [row for row in engine.view().watchlist if row.key == INDEX]
        assert row.detail == "index: context only"
        _, refused = engine.ask(ArmManual("arm", armed=True), ManualOrder("buy", INDEX, Side.BUY))
        assert refused.outcome is Outcome.REFUSED
        assert refused.text == "BANKNIFTY is an index: context only, nothing to trade (NOT_TRADABLE)"
