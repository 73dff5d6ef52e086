"""What ``cockpit status`` says beside a running engine: how the feed stands, and the figures that the screen shows."""

import json

from engine.rollout.stages import Stage
from engine.world.directories import World
from tests.account.stage import begin, settings_of, settle
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.operations.status_shape import checked
from tests.recordings import EQ_A
from tests.rehearsal import rehearse


def test_a_feed_that_fell_silent_is_named_with_its_age(home: Outside, market_at_ten: RunningFake) -> None:
    engine = begin(home, market_at_ten)
    wait_until(lambda: engine.view().header.feed == "LIVE", "the feed")
    feed = checked(home.status(World.ACCOUNT))["feed"]
    assert feed["state"] == "LIVE"
    assert feed["age_seconds"] < 5
    market_at_ten.control("POST", "outage", {"seconds": 30})
    wait_until(lambda: engine.view().header.feed == "STALE", "the feed to be stale")
    feed = home.status(World.ACCOUNT)["feed"]
    assert feed["state"] == "STALE"
    assert feed["age_seconds"] > 5
    told = home.run("status").stdout
    assert ", feed STALE (newest " in told
    assert "the market feed is down" in told


def test_a_result_counts_the_charges_of_closing_as_the_screen_does(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    fresh = home.status(World.ACCOUNT)
    assert fresh["risk"]["day_loss_limit"] == engine.view().risk.day_loss_limit / 100
    engine.enter(EQ_A)
    market_at_ten.control("POST", "clock", {"speed": 0})
    shown, status = engine.view(), checked(home.status(World.ACCOUNT))
    pnl = status["pnl"]
    assert round(pnl["charges"] * 100) == shown.header.charges
    assert round(pnl["net"] * 100) == shown.risk.day_result
    assert status["risk"]["day_result"] == pnl["net"]
    assert "those of closing what is open counted" in home.run("status").stdout


def test_a_look_from_a_shell_is_nobody_who_watches(home: Outside, market_at_ten: RunningFake) -> None:
    engine = begin(home, market_at_ten, "session.unattended_after=10", "session.pause_unattended=true")
    market_at_ten.control("POST", "clock", {"speed": 1})

    def paused() -> bool:
        home.status(World.ACCOUNT)
        return any("entries paused: nobody watches" in fact[2] for fact in engine.facts("event"))

    wait_until(paused, "entries to pause although a shell looks again and again")


def test_the_stage_of_a_live_account_is_told_by_its_record(home: Outside, market_at_ten: RunningFake) -> None:
    words = (*settings_of(market_at_ten), "--set", "account.mode=live")
    status = checked(json.loads(home.run("status", "--json", "--world", "account", *words).stdout))
    assert (status["mode"], status["stage"]) == ("live", "PAPER")
    account = home.world(World.ACCOUNT)
    account.create()
    rehearse(account, Stage.SMALL)
    assert "(live, stage SMALL (REHEARSAL))" in home.run("status", *words).stdout
