"""The comparison runs on whatever ticks there are and names each peer with its own figure of the same run."""

import pytest

from benchmarks.day import SimulatedDay
from benchmarks.measure import Scale
from benchmarks.profile import PROFILE_PEER, RANGE_PEER, profile_results
from benchmarks.ticks import Ticks, day_of_ticks
from config import Settings


@pytest.fixture(scope="module")
def ticks() -> Ticks:
    day = SimulatedDay(Settings(), 40)
    return Ticks("simulated", day.day, day.instruments, day.updates, day.settings)


def test_every_peer_is_named_with_its_own_figure(ticks: Ticks) -> None:
    results = profile_results(ticks, Scale(minutes=40, rounds=8, slow_rounds=1))
    beside = {result.name: result for result in results if result.peer is not None}
    said = " | ".join(f"{result.peer}" for result in beside.values())
    assert all(f"{peer}: " in said for peer in (PROFILE_PEER, RANGE_PEER, "naive rebuild"))
    assert all(result.ratio is not None and result.ratio > 0 for result in beside.values())
    assert {result.unit for result in results} == {"µs", "updates/s"}


def test_without_recordings_the_simulated_day_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("COCKPIT_DATA", str(tmp_path_factory.mktemp("empty")))
    day = SimulatedDay(Settings(), 1)
    found = day_of_ticks(day)
    assert (found.name, found.updates) == ("simulated", day.updates)
