"""Each setup says why it traded or not, also when it never spoke."""

from dataclasses import replace
from typing import get_args

import msgspec
import pytest

import config
from engine.auction.values.context import Context
from engine.contract.decision_state import DecisionState
from engine.core.decision import Decision, from_refusal, from_signal
from engine.core.setup_notes import SetupNote, note_setups
from engine.market.side import Side
from engine.setups.register import SETUPS, build_setups, modes
from engine.setups.signal import Refusal, Signal
from tests.core.hostile import STOCK as FOLLOWED
from tests.core.hostile import World
from tests.setups.builders import STOCK, Day, make_context

RULES = build_setups(STOCK.key, config.SetupSettings(), estimated_range=True)
MODES = modes(config.SetupSettings(), live=False)
CONTEXT = replace(
    make_context(Day(((100_000, 101_000, 100_500),) * 12)), day_type=make_context(Day(())).day_type
)
FAILED = "failed auction"


def note_of(name: str, *decisions: Decision, context: Context = CONTEXT) -> SetupNote:
    return next(one for one in note_setups(context, RULES, decisions, MODES) if one.setup == name)


def refusal(code: str, reason: str, side: Side | None = Side.SELL, setup: str = FAILED) -> Decision:
    return from_refusal("D", Refusal(1, STOCK.key, setup, 2, side, code, reason, {}), 1)


def taken(at: int = 2) -> Decision:
    signal = Signal(1, STOCK.key, FAILED, 2, Side.SELL, 5, 6, 4, 3, "IB high taken by 2 rows", {})
    return msgspec.structs.replace(from_signal("E", signal, at), state=DecisionState.TAKEN)


def test_there_is_a_note_for_every_setup_of_the_house_and_each_names_its_trigger() -> None:
    notes = note_setups(CONTEXT, RULES, (), MODES)
    assert [note.setup for note in notes] == [kind.name for kind in SETUPS]
    assert all(kind.waits_for for kind in SETUPS)
    assert {note.mode for note in notes} <= set(get_args(config.Mode))
    assert all(note.why for note in notes)


def test_one_that_is_off_says_what_switches_it_on() -> None:
    assert note_of("80 % rule").why == "off: setups.eighty_percent switches it on"


def test_one_that_never_spoke_says_what_it_waits_for() -> None:
    note = note_of(FAILED)
    assert (note.signals, note.taken, note.refused, note.missing) == (0, 0, 0, ())
    assert note.why.startswith("no trigger: it waits for an edge taken by a row")


def test_one_that_lacks_an_input_names_it() -> None:
    bare = replace(CONTEXT, prior=None)
    assert note_of("value area fade", context=bare).why == "not known: prior value area, value area"
    late = refusal("LATE_START", "the record began at 09:32:52: the opening was not seen", None, "open drive")
    assert note_of("open drive", late, context=bare).why == late.reason


def test_one_that_refused_says_the_newest_reason() -> None:
    note = note_of(FAILED, refusal("ACCEPTED", "two brackets closed beyond"), refusal("TREND_DAY", "no"))
    assert (note.refused, note.why) == (2, "two brackets closed beyond (ACCEPTED)")
    later = msgspec.structs.replace(refusal("TREND_DAY", "a trend day"), at=9)
    assert note_of(FAILED, refusal("ACCEPTED", "x"), later).why == "a trend day (TREND_DAY)"


def test_one_that_traded_says_on_what() -> None:
    note = note_of(FAILED, taken(), refusal("TREND_DAY", "a trend day"))
    assert (note.signals, note.taken, note.refused) == (1, 1, 1)
    assert note.why == "took 1 of 1: IB high taken by 2 rows"


@pytest.mark.parametrize("key", [FOLLOWED, "NSE_FO|OPT"])
def test_the_core_gives_account_of_what_it_follows(key: str) -> None:
    notes = World().core.entries.notes(key)
    assert [note.setup for note in notes] == [kind.name for kind in SETUPS]
    assert all(note.why for note in notes)
