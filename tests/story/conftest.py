import pytest

import config
from tests.operations.outside import made_recordings
from tests.story.played import Day, play


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Two made sessions, played once, that each trade one failed auction: a short and a long at once."""
    root = tmp_path_factory.mktemp("story")
    settings = config.Settings.model_validate({"risk": {"risk_per_trade_pct": 0.4}})
    return play(root, made_recordings(root), settings)


@pytest.fixture(scope="session")
def strict_day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The same, with a reward asked for that no signal pays: every one is refused."""
    root = tmp_path_factory.mktemp("refused")
    settings = config.Settings.model_validate({"exit": {"min_reward_risk": 9}})
    return play(root, made_recordings(root), settings)
