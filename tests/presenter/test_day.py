"""Until when each instrument may be entered, and what the calendar has ahead, in words."""

from dataclasses import replace
from datetime import time

import config
from engine.market.clock import MINUTE, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import DayEvent, trading_day
from engine.presenter.day import clock_words, event_words
from tests.core.hostile import DAY, OTHER, STOCK, World

INDEX = Instrument("NSE_INDEX|X", "X", InstrumentClass.INDEX, 5, 1, 1, Provenance.SIMULATED)


def test_each_class_has_its_own_times_and_an_index_none() -> None:
    world = World()
    words = [clock_words(world.core, world.core.instruments[key]) for key in (STOCK, OTHER)]
    assert words == [
        "setups enter until 14:30, you until 14:45, flat by 15:00",
        "setups enter until 14:40, you until 14:50, flat by 15:10",
    ]
    assert clock_words(world.core, INDEX) == ""


def test_settings_can_only_make_them_earlier() -> None:
    world = World(config.Settings.model_validate({"session": {"last_entry": "13:00", "flat_by": "14:00"}}))
    assert clock_words(world.core, world.core.instruments[OTHER]) == (
        "setups enter until 13:00, you until 13:40, flat by 14:00"
    )


def test_the_next_event_is_shown_ahead_until_it_is_over() -> None:
    world = World()
    assert event_words(world.core, world.now) == ""
    at = instant_at(DAY, time(11, 30))
    world.core.market_state.day = replace(
        trading_day(DAY, config.SessionSettings()), events=(DayEvent(at, "RBI policy", ()),)
    )
    assert event_words(world.core, world.now) == "RBI policy 11:30"
    assert event_words(world.core, world.now + 40 * MINUTE) == ""
