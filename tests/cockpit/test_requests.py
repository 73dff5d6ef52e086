import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.state import requests
from cockpit.state.model import Model
from engine.contract.commands import ExitPosition, NoteTrade, Side, TightenStop
from engine.contract.replay_speeds import SPEEDS
from engine.contract.views import NotableTrade
from tests.cockpit.pictures import picture


@given(st.integers(0, 1000), st.sampled_from([-1, 1]))
def test_a_speed_step_goes_the_asked_way_or_stays_at_the_end(current: int, by: int) -> None:
    def pace(step: int) -> float:
        return step or float("inf")

    wished = requests.next_speed(current, by)
    if wished == current:
        assert all(pace(step) <= pace(current) if by > 0 else pace(step) >= pace(current) for step in SPEEDS)
    else:
        assert wished in SPEEDS
        assert (pace(wished) > pace(current)) == (by > 0)


def test_tightening_moves_a_long_stop_up_and_a_short_stop_down_by_one_tick() -> None:
    model = Model(view=picture(), selected="NSE_EQ|KAVERI")
    wish = requests.tighten(model, "x")
    assert isinstance(wish, requests.Wish)
    assert wish.command == TightenStop("x", "NSE_EQ|KAVERI", 106_655)
    model.selected = "NSE_EQ|MERIDIAN"
    wish = requests.tighten(model, "x")
    assert isinstance(wish, requests.Wish)
    assert wish.command == TightenStop("x", "NSE_EQ|MERIDIAN", 152_690)


def test_a_note_goes_to_the_selected_instruments_newest_trade_else_to_the_newest_of_all() -> None:
    view = picture()
    chosen = requests.notable(Model(view=view, selected="NSE_EQ|PRAGATI"))
    assert isinstance(chosen, NotableTrade)
    assert chosen.id == "251215-000003-T"
    other = requests.notable(Model(view=view, selected="NSE_EQ|KAVERI"))
    assert isinstance(other, NotableTrade)
    assert other.id == "251215-000007-T"
    bare = msgspec.structs.replace(view, notable=())
    assert requests.notable(Model(view=bare)) == "note: nothing was traded in this run yet"


def test_words_of_a_note_that_begin_with_a_hash_are_tags() -> None:
    (trade, *_) = picture().notable
    wish = requests.note("x", trade, "held it  too long #late #FOMO")
    assert wish.command == NoteTrade("x", "", "251215-000007-T", "held it too long", ("late", "FOMO"))
    assert requests.note("x", trade, "#late").command == NoteTrade("x", "", trade.id, "late", ("late",))


def test_a_position_without_a_stop_has_nothing_to_tighten() -> None:
    view = picture()
    bare = msgspec.structs.replace(view.positions[0], stop=None)
    model = Model(view=msgspec.structs.replace(view, positions=(bare,)))
    assert requests.tighten(model, "x") == "tighten stop: MERIDIAN has no stop to tighten"


def test_our_own_position_is_acted_on_before_an_external_one_of_the_same_name() -> None:
    view = picture()
    external = msgspec.structs.replace(view.positions[0], external=True, quantity=500)
    model = Model(view=msgspec.structs.replace(view, positions=(external, view.positions[0])))
    wish = requests.flatten(model, "x")
    assert isinstance(wish, requests.Wish)
    assert wish.name == "flatten MERIDIAN −120"
    assert wish.command == ExitPosition("x", "NSE_EQ|MERIDIAN")


@pytest.mark.parametrize("side", list(Side))
def test_no_instrument_no_order(side: Side) -> None:
    empty = msgspec.structs.replace(picture(), watchlist=(), ladder=None)
    assert requests.ticket(Model(view=empty), side, 0.0) == "no instrument is selected"
