"""An instrument added in the middle of the day knows the day so far, in the run, behind a death, and in a replay."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from engine.contract.commands import Follow, Outcome, Unfollow
from tests.account.stage import begin, price_of, summary_of, watched
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until
from tests.recordings import EQ_A, EQ_B

ONLY_A = f"watchlist.instruments={EQ_A}"


def follow(engine: Engine, key: str) -> str:
    """Follow an instrument that must be accepted, wait for a price of it, and return the answer."""
    (answer,) = engine.ask(Follow(f"follow-{uuid4()}", key))
    assert answer.outcome is Outcome.ACCEPTED, answer.text
    wait_until(lambda: price_of(engine, key) is not None, "a price of the added instrument")
    return answer.text


def let_go(engine: Engine, key: str) -> None:
    engine.do(Unfollow(f"unfollow-{uuid4()}", key))
    wait_until(lambda: key not in [row.key for row in engine.view().watchlist], "the shorter watchlist")


def replayed(home: Outside) -> dict[str, Any]:
    """Return the report of all recordings played again."""
    recordings: list[Path] = sorted(home.home.recordings.glob("*/*.frames"))
    done = home.run("replay", *recordings, "--headless", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_instrument_added_at_ten_is_seeded_from_candles_and_a_replay_knows_the_same(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, ONLY_A)
    with watched(engine):
        text = follow(engine, EQ_B)
        assert re.search(
            r"is followed; its profile is ESTIMATED from 1-minute candles until 09:5[78], its own from then on",
            text,
        )
        market_at_ten.control("POST", "clock", {"speed": "max"})
        lived = summary_of(engine)
    of_b = lived["instruments"][EQ_B]
    assert of_b["quality"]["seeded_from"] == "CANDLES"
    assert of_b["quality"]["estimated_volume"] > 0
    assert of_b["initial_balance"]["complete"]
    assert [bracket["letter"] for bracket in of_b["tpo_profile"]["brackets"]][:2] == ["A", "B"]
    again = replayed(home)
    assert again["instruments"] == lived["instruments"]
    assert again["signals"] == lived["signals"]


def test_a_death_and_a_second_follow_leave_the_past_of_an_added_instrument_as_it_was(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, ONLY_A)
    assert "ESTIMATED" in follow(engine, EQ_B)
    engine.kill_process()
    engine = begin(home, market_at_ten, ONLY_A)
    wait_until(lambda: price_of(engine, EQ_B) is not None, "its price after the death")
    let_go(engine, EQ_B)
    assert "is followed again" in follow(engine, EQ_B)
    with watched(engine):
        market_at_ten.control("POST", "clock", {"speed": "max"})
        lived = summary_of(engine)
    of_b = lived["instruments"][EQ_B]
    assert of_b["quality"]["seeded_from"] == "CANDLES"
    assert of_b["initial_balance"]["complete"]
    again = replayed(home)["instruments"][EQ_B]
    # Only a replay knows that the first life's file has no end, and only the run was paused by its checks.
    del again["quality"]["truncated"], again["setups"], of_b["setups"]
    assert again == of_b


def test_an_instrument_added_while_no_candles_come_is_known_from_then_on_and_says_why(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, ONLY_A)
    market_at_ten.plant("status", call="intraday_candles", status=500, times=0)
    assert follow(engine, EQ_B).endswith("is followed; its profile is PARTIAL, known from now on")

    def said() -> bool:
        return any("no today's minutes" in payload for _, _, payload in engine.facts("event"))

    wait_until(said, "the reason among the event lines")
