"""The feed's figures are of frames that were all read, beside the SDK's way on the same bytes."""

import pytest

from benchmarks.day import SimulatedDay
from benchmarks.feed import PEER, feed_results
from benchmarks.measure import SMALL, Result
from config import Settings


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return {result.name: result for result in feed_results(SimulatedDay(Settings(), 2), SMALL)}


def test_each_comparison_names_its_peer_and_is_ahead_of_it(results: dict[str, Result]) -> None:
    beside = [result for result in results.values() if result.peer is not None]
    assert len(beside) == 3
    assert all(result.peer is not None and result.peer.startswith(PEER) for result in beside)
    assert all(result.ratio is not None and result.ratio > 1 for result in beside)


def test_recording_and_the_live_way_are_measured_too(results: dict[str, Result]) -> None:
    assert {"µs", "bytes", "updates/s"} == {result.unit for result in results.values()}
    assert results["frame on the disk"].value < 200
