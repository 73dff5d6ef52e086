"""A few of the scenarios as tests: the whole table is ``python -m tests.scenarios``."""

import pytest

from tests.scenarios.catalogue import SCENARIOS
from tests.scenarios.play import play
from tests.scenarios.scenario import Family
from tests.scenarios.stage import Way
from tests.scenarios.table import chosen, find


def holds(name: str, way: Way) -> None:
    row = play(find(name), way)
    assert row.good, "; ".join(row.broken)


def test_changes_that_answer_503_keep_no_living_engine_from_ending_flat() -> None:
    holds("changes answer 503", Way.ALIVE)


def test_cancels_that_stay_pending_keep_no_shell_from_ending_flat() -> None:
    holds("cancels stay pending", Way.DEAD)


def test_a_square_off_in_pieces_beside_our_stop_turns_no_position_round() -> None:
    holds("the square-off comes in pieces beside our stop", Way.ALIVE)


def test_a_mute_stream_costs_no_protection() -> None:
    holds("the portfolio stream is mute", Way.ALIVE)


def test_two_empty_lists_are_not_flat_beside_a_hung_engine() -> None:
    holds("positions and orders are empty lists", Way.HUNG)


def test_a_tick_and_a_band_that_change_in_the_day_are_met() -> None:
    holds("the tick becomes coarser in the day", Way.ALIVE)
    holds("the band narrows in the day", Way.ALIVE)


def test_a_shell_closes_in_the_auction_what_that_has_left_without_its_stop() -> None:
    holds("the closing auction has taken the stop", Way.DEAD)


def test_an_entry_killed_before_its_answer_is_found_and_closed() -> None:
    holds("death between an entry and its answer", Way.DEAD)


@pytest.mark.parametrize("way", list(Way))
def test_a_resting_stop_entry_is_cancelled_by_whoever_closes(way: Way) -> None:
    holds("a stop-entry of the trader rests beside a position", way)


def test_an_engine_that_is_started_again_knows_its_resting_order() -> None:
    holds("an engine is started again that died while a stop-entry rested", Way.DEAD)


def test_every_scenario_has_a_name_of_its_own_and_every_family_has_some() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names) >= 60
    assert {scenario.family for scenario in SCENARIOS} == set(Family)


@pytest.mark.parametrize("way", list(Way))
def test_a_sample_takes_some_of_each_way(way: Way) -> None:
    sample = chosen(small=True)
    assert 6 <= len(sample) <= 20
    assert way in {one for _, one in sample}
