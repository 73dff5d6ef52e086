"""What the benchmarks measure is the real thing: their frames read back as the updates they were made of."""

import pytest

from benchmarks.day import HeldFeed, SimulatedDay, decoded
from benchmarks.measure import FULL, SMALL, Result, scale_from_environment
from config import Settings
from engine.market.clock import MINUTE


@pytest.fixture(scope="module")
def day() -> SimulatedDay:
    return SimulatedDay(Settings(), 3)


def test_frames_read_back_as_the_updates_they_were_made_of(day: SimulatedDay) -> None:
    assert len(day.updates) > 800
    assert list(decoded(day.frames(), day)) == day.updates


def test_the_held_day_begins_at_the_open_and_ends_after_its_minutes(day: SimulatedDay) -> None:
    assert day.opening < day.updates[0].arrival < day.opening + MINUTE
    assert day.updates[-1].arrival < day.opening + 3 * MINUTE
    feed = HeldFeed(day, day.updates)
    assert [feed.read() for _ in day.updates] == day.updates
    assert feed.read() is None


def test_a_result_has_the_fields_other_programs_read() -> None:
    record = Result("a name", 1.5, "µs", "≤ 2", "a peer: 3 µs", 2.0).record("a machine")
    assert list(record) == ["name", "value", "unit", "budget", "peer", "ratio", "machine"]


def test_the_scale_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALE", "small")
    assert scale_from_environment() is SMALL
    monkeypatch.delenv("SCALE")
    assert scale_from_environment() is FULL
