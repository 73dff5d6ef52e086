"""The searching process itself, over instrument lists that a broker on loopback serves."""

import sys
import time
from datetime import date, timedelta
from pathlib import Path

from cockpit.state.instrument_search import MOST_FOUND, Found, SearchProcess
from engine.market.calendar import load_calendar
from engine.market.clock import trading_date
from engine.operations.desk import open_desk
from tests.fake_upstox import running_fake

SECRET = "upstox.access_token"


def newest_session() -> date:
    """Return the last day of trading up to today: the searching process asks for the contracts of its own clock."""
    calendar, day = load_calendar(), trading_date(time.time_ns() // 1_000)
    while not calendar.is_trading_day(day):
        day -= timedelta(days=1)
    return day


async def test_words_an_alias_and_nothing_are_looked_up_by_one_process_after_the_other(
    tmp_path: Path,
) -> None:
    with running_fake(day=newest_session()) as fake:
        desk = open_desk(
            tmp_path,
            [
                f"upstox.api_url={fake.api_url}",
                f"upstox.order_url={fake.order_url}",
                f"upstox.assets_url={fake.assets_url}",
                f"{SECRET}={fake.access_token}",
            ],
        )
        search = SearchProcess.of(desk)
        assert fake.access_token not in " ".join(search._argv)
        found = await search.find("INFY")
        assert found.problem == ""
        assert found.meant is not None
        assert found.meant.symbol == "INFY"
        assert "lot 1" in found.meant.detail
        process = search._process
        option = await search.find("NIFTY CE")
        assert 0 < len(option.rows) <= MOST_FOUND
        assert all("NIFTY" in row.symbol and " CE " in row.symbol for row in option.rows)
        nothing = await search.find("no such words")
        assert not nothing.rows
        assert nothing.meant is None
        assert search._process is process
        await search.close()
        assert process is not None
        assert process.returncode is not None


async def test_a_search_that_dies_is_named_and_the_next_one_starts_anew(tmp_path: Path) -> None:
    search = SearchProcess([sys.executable, "-c", "input()"], {})
    found = await search.find("INFY")
    assert found == Found(
        problem="expected the search to answer, got its end; `cockpit instruments TEXT` says why"
    )
    assert search._process is None
    gone = SearchProcess([str(tmp_path / "no such program")], {})
    assert "expected the search to answer, got: " in (await gone.find("INFY")).problem


async def test_a_home_without_any_list_says_what_is_missing(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, ["upstox.assets_url=http://127.0.0.1:9", "upstox.api_url=http://127.0.0.1:9"])
    search = SearchProcess.of(desk)
    found = await search.find("INFY")
    await search.close()
    assert found.rows == ()
    assert "expected" in found.problem
