"""An account is bounded by its own setting, not by what a price may be."""

from pathlib import Path

import pytest

import config
from engine.host.headless import replay
from engine.runtime.plan import MarketChoice, RunMode
from tests.recordings import made_packets, write_recording


@pytest.mark.parametrize("rupees", [10_000_000.0, 10_000_000.01, 25_000_000.0, 1e10])
def test_an_account_above_a_crore_plays_a_day(tmp_path: Path, rupees: float) -> None:
    path = write_recording(tmp_path / "a.json.gz", made_packets(count=60, seed=3))
    settings = config.Settings(account=config.AccountSettings(capital=rupees))
    report = replay(MarketChoice(RunMode.REPLAY, (str(path),)), settings, None)
    assert report["trades"] == []
