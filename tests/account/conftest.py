from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Outside, made_recordings, outside


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Outside]:
    with outside(tmp_path / "home") as here:
        yield here


@pytest.fixture
def standing_market(tmp_path: Path) -> Iterator[RunningFake]:
    """A broker on the morning of a made day, whose clock stands until the test lets it go."""
    with running_fake(recordings=made_recordings(tmp_path), speed=0.0) as fake:
        yield fake


@pytest.fixture
def market_at_ten(tmp_path: Path) -> Iterator[RunningFake]:
    """A broker whose market is 45 minutes old and goes on at its own pace: so do the laws' seconds."""
    with running_fake(recordings=made_recordings(tmp_path), start=time(10)) as fake:
        yield fake
