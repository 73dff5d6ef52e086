"""A whole Upstox broker on loopback, for tests and drills: REST, both streams, instrument files, faults on demand."""

from tests.fake_upstox.running import RunningFake, running_fake
from tests.fake_upstox.server import FakeUpstox
from tests.fake_upstox.settings import FakeSettings

__all__ = ["FakeSettings", "FakeUpstox", "RunningFake", "running_fake"]
