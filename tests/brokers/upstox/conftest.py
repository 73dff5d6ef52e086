"""The fake broker that a module's tests share, and the live broker of ours that most of them drive."""

from collections.abc import Iterator

import pytest

from tests.brokers.upstox.live_stand import Live, fake_broker, live_broker
from tests.fake_upstox import RunningFake


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with fake_broker() as found:
        yield found


@pytest.fixture
def live(fake: RunningFake) -> Iterator[Live]:
    with live_broker(fake) as found:
        yield found
