"""A paper day from its first frame to its summary: the engine as a process, the whole broker on loopback."""

import json
import subprocess
from typing import Any
from uuid import uuid4

from engine.contract.commands import Follow, Unfollow
from engine.market.price import told_paise
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.stage import begin, price_of, settings_of, settle, sign_in, summary_of, watched
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import REPOSITORY, Outside, clean_environment, is_flat, wait_until
from tests.recordings import EQ_A, EQ_B


def without_time(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without how long it took, and in which market: a replay is evidence of its own."""
    performance = report["performance"]
    return {
        **report,
        "performance": {**performance, "basis": {**performance["basis"], "market": ""}},
        "engine": {key: value for key, value in report["engine"].items() if "second" not in key},
    }


def test_a_recorded_paper_day_replayed_without_a_screen_gives_the_report_of_the_day_itself(
    home: Outside, standing_market: RunningFake
) -> None:
    engine = begin(home, standing_market)
    with watched(engine):
        standing_market.control("POST", "clock", {"speed": "max"})
        lived = summary_of(engine)
        wait_until(
            lambda: any("the day's report: " in line.text for line in engine.view().events), "its report"
        )
    reports = {path.name: path for path in home.home.reports.iterdir()}
    told = json.loads(reports[f"{lived['day']}.json"].read_text())["evening"]
    assert len(reports) == 4
    assert told["trades"] == len(lived["trades"])
    assert told_paise(told["net"]) == sum(told_paise(trade["net"]) for trade in lived["trades"])
    (recording,) = home.home.recordings.glob("*/*.frames")
    replayed = home.run("replay", recording, "--headless", "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert lived["trades"]
    assert lived["engine"]["updates"] > 4_000
    assert without_time(json.loads(replayed.stdout)) == without_time(lived)


def test_an_engine_killed_with_a_position_open_comes_back_holding_it_behind_its_stop(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    held = engine.enter(EQ_A)
    (trade,) = engine.view().positions
    engine.kill_process()
    engine = begin(home, market_at_ten)
    (found,) = engine.view().positions
    assert found.stop_state == trade.stop_state == "HELD"
    assert (found.quantity, found.average, found.since) == (trade.quantity, trade.average, trade.since)
    assert (found.stop, found.external) == (trade.stop, False)
    assert engine.wait_position(EQ_A) == held
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")


def test_an_instrument_added_during_the_day_is_followed_and_known_again_after_a_death(
    home: Outside, market_at_ten: RunningFake
) -> None:
    only_a = f"watchlist.instruments={EQ_A}"
    engine = begin(home, market_at_ten, only_a)
    assert [row.key for row in engine.view().watchlist] == [EQ_A]
    engine.do(Follow(f"follow-{uuid4()}", EQ_B))
    wait_until(lambda: price_of(engine, EQ_B) is not None, "a price of the added instrument")
    engine.kill_process()
    engine = begin(home, market_at_ten, only_a)
    assert [row.key for row in engine.view().watchlist] == [EQ_A, EQ_B]
    wait_until(lambda: price_of(engine, EQ_B) is not None, "its price after the death")
    engine.do(Unfollow(f"unfollow-{uuid4()}", EQ_B))
    wait_until(lambda: [row.key for row in engine.view().watchlist] == [EQ_A], "the shorter watchlist")


def test_a_no_go_keeps_a_run_from_entering_and_names_the_check(
    home: Outside, market_at_ten: RunningFake
) -> None:
    market_at_ten.control("POST", "scenario", {"scenario": "inactive-user"})
    engine = begin(home, market_at_ten)
    view = engine.view()
    assert view.preflight is not None
    assert not view.preflight.go
    assert view.header.trading.startswith("PAUSED: pre-flight says no-go: profile")
    assert [row.name for row in view.preflight.checks if row.state == "NO-GO"] == ["profile"]


def test_a_kill_while_the_day_is_prepared_does_not_wait_for_the_preparation(
    home: Outside, market_at_ten: RunningFake
) -> None:
    market_at_ten.plant("hang", call="candles", times=0)
    sign_in(home, market_at_ten)
    words = home.argv("engine", "--world", "account", *settings_of(market_at_ten))
    with subprocess.Popen(words, cwd=REPOSITORY, env=clean_environment(), stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: market_at_ten.calls("candles"), "the preparation")
            closed = home.run("flatten", "--world", "account")
            wait_until(lambda: process.poll() is not None, "the engine to make way", 5.0)
        finally:
            process.kill()
    assert (closed.returncode, closed.stderr) == (0, "")
    record = home.engine(World.ACCOUNT).latch()
    assert record is not None
    assert record.state is LatchFileState.FLAT
