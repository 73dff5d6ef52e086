"""A run whose recording cannot be kept: paper goes on and says so, live opens nothing more."""

import pytest

from engine.contract.views import Severity
from tests.account.live import LIVE
from tests.account.stage import begin, settle
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until


@pytest.fixture
def blocked(home: Outside) -> Outside:
    """A home in which no recording can be made: a file stands where their folder belongs."""
    home.home.create()
    home.home.recordings.touch()
    return home


def alarms(engine: Engine) -> list[str]:
    return [line.text for line in engine.view().events if line.severity is Severity.ALARM]


def test_live_enters_nothing_without_its_recording_and_checks_do_not_change_that(
    blocked: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(blocked, market_at_ten, *LIVE)
    expected = "PAUSED: pre-flight says no-go: live entries need the recording"
    wait_until(lambda: engine.view().header.trading.startswith(expected), "the pause")
    assert any("unrecorded" in text for text in alarms(engine))


def test_paper_goes_on_without_its_recording_and_says_so(
    blocked: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(blocked, market_at_ten)
    settle(engine, market_at_ten)
    assert not engine.view().header.trading.startswith("PAUSED")
    assert any("unrecorded" in text for text in alarms(engine))
