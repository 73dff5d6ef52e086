"""An account's engine that nobody watches enters nothing after a minute, whoever started it; paper by a setting."""

from engine.core.entry_pauses import UNATTENDED
from tests.account.stage import begin, watched
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until

FAST = 60
PAUSES = "session.pause_unattended=true"


def pauses(engine: Engine) -> int:
    """Return how often entries were paused because nobody watched, in all lives of the run."""
    return sum(f"entries paused: {UNATTENDED}" in payload for _, _, payload in engine.facts("event"))


def test_an_engine_that_no_screen_ever_watched_pauses_entries(
    home: Outside, market_at_ten: RunningFake
) -> None:
    market_at_ten.control("POST", "clock", {"speed": FAST})
    engine = begin(home, market_at_ten, PAUSES)
    wait_until(lambda: pauses(engine) == 1, "entries to pause without a first screen", 15)
    assert engine.view().header.trading == f"PAUSED: {UNATTENDED}"


def test_a_life_that_comes_back_to_no_screen_pauses_although_the_last_one_was_watched(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, PAUSES)
    with watched(engine):
        assert pauses(engine) == 0
        engine.kill_process()
    market_at_ten.control("POST", "clock", {"speed": FAST})
    engine = begin(home, market_at_ten, PAUSES)
    wait_until(lambda: pauses(engine) == 1, "entries to pause behind a death", 15)
