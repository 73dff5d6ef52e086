"""Written days told to the real auction: each gives the reading it is written for, for any seed."""

from datetime import time
from functools import cache

import pytest

from config import SimulatorSettings
from engine.auction.values.context import NamedReading
from engine.feeds.simulator import DEFAULT_START, SCRIPTS, UnknownScriptError, open_simulator
from engine.feeds.simulator.scripts import TURNED
from engine.market.clock import SECOND, instant_at
from tests.feeds.simulator.written_days import DAY_TYPES, LOOK_ALIKES, cast_of, tell
from tests.rows import sampled

BALANCE_STANDS = time(10, 20)


@cache
def read_alone(name: str) -> NamedReading:
    """Return how the lead's day closes that is told alone."""
    (lead,) = tell(name, cast_of(2_024), start=BALANCE_STANDS).ends
    return lead.day_type


@pytest.mark.parametrize("name", DAY_TYPES)
def test_the_script_of_a_day_type_closes_as_that_day_type(name: str) -> None:
    lead = read_alone(name)
    assert lead.name == DAY_TYPES[name], lead.evidence


@pytest.mark.parametrize("name", sampled(DAY_TYPES, lambda name: name == "trend"))
def test_the_lead_of_six_closes_as_its_day_type_and_its_companions_as_none(name: str) -> None:
    lead, *companions = tell(name, cast_of(7, 6), start=BALANCE_STANDS).ends
    assert lead.day_type.name == DAY_TYPES[name], lead.day_type.evidence
    assert {one.day_type.name for one in companions} <= {"NON-TREND"}


@pytest.mark.parametrize("name", DAY_TYPES)
def test_a_day_upside_down_has_the_same_type_in_the_other_direction(name: str) -> None:
    upright, turned = read_alone(name), read_alone(name + TURNED)
    assert turned.name == upright.name == DAY_TYPES[name]
    other = {"up": "down", "down": "up"}
    direction = str(upright.evidence["direction"])
    assert turned.evidence["direction"] == other.get(direction, direction)


@pytest.mark.parametrize(
    ("name", "seed"),
    sampled(
        [(name, 7) for name in LOOK_ALIKES] + [(name + TURNED, 99) for name in LOOK_ALIKES],
        lambda row: row[1] == 7 or row[0].startswith("trend"),
    ),
)
def test_a_day_types_look_alike_closes_as_another_type(name: str, seed: int) -> None:
    (lead,) = tell(name, cast_of(seed), start=BALANCE_STANDS).ends
    original, really = LOOK_ALIKES[name.removesuffix(TURNED)]
    assert lead.day_type.name == really != DAY_TYPES[original]


def test_every_day_type_has_its_look_alike() -> None:
    assert {original for original, _ in LOOK_ALIKES.values()} == set(DAY_TYPES)


def test_a_script_runs_from_the_first_trade_and_is_the_same_day_when_opened_later() -> None:
    settings = SimulatorSettings(instruments=6)
    whole = open_simulator(settings, script="trend")
    assert whole.seeds == ()
    late = open_simulator(settings, script="trend", start=time(11))
    while (first := whole.read()) is not None and first.auction:
        assert first.arrival < instant_at(whole.day, time(9, 15))
    assert first is not None
    assert 0 <= first.trade_time - instant_at(whole.day, time(9, 15)) < SECOND
    cut = instant_at(whole.day, time(11))
    kept = [update for update in iter(whole.read, None) if update.arrival >= cut]
    joined = list(iter(late.read, None))
    assert len(kept) > 30_000
    assert kept[20:] == joined[len(joined) - len(kept) + 20 :]


def test_each_script_has_an_identity_of_its_own() -> None:
    cast = cast_of(7)
    identities = {open_simulator(cast, start=DEFAULT_START, script=name).identity for name in SCRIPTS}
    identities.add(open_simulator(cast).identity)
    assert len(identities) == len(SCRIPTS) + 1


def test_an_unknown_script_names_those_there_are() -> None:
    with pytest.raises(UnknownScriptError) as raised:
        open_simulator(SimulatorSettings(), script="trendy")
    text = str(raised.value)
    assert "'trendy'" in text
    assert all(f"  {name} " in text and script.summary in text for name, script in SCRIPTS.items())
