"""Where one line has room for one alarm, it is the one that matters most, then the newest."""

import msgspec
import pytest

from cockpit.state.model import Model
from cockpit.widgets.events import paint_alerts, paint_events
from cockpit.widgets.tiny import paint_tiny
from engine.contract.views import AlarmRank, EventLine, Severity
from tests.cockpit.pictured_market import at
from tests.cockpit.pictures import EVENTS, picture

NAKED = "KAVERI +240 NAKED"
LISTS = "the list of suspended names is missing"


def alarm(number: int, minute: int, rank: AlarmRank, text: str) -> EventLine:
    return EventLine(number, at(11, minute), Severity.ALARM, text, rank)


def seen(*events: EventLine) -> Model:
    model = Model()
    model.take_view(msgspec.structs.replace(picture(), events=(*EVENTS, *events)), 0.0)
    return model


def strip(model: Model, width: int = 160) -> str:
    return "".join(text for text, _ in paint_alerts(model, width))


def tiny(model: Model) -> str:
    return "\n".join("".join(text for text, _ in line) for line in paint_tiny(model, 70, 12))


@pytest.mark.parametrize("shown", [strip, tiny])
def test_a_vital_alarm_is_not_covered_by_a_lesser_one_that_is_newer_or_lasts(shown: object) -> None:
    model = seen(
        alarm(20, 43, AlarmRank.VITAL, NAKED),
        alarm(21, 44, AlarmRank.SERIOUS, "feed lost"),
        alarm(0, 45, AlarmRank.LESSER, LISTS),
    )
    text = shown(model)  # type: ignore[operator]
    assert NAKED in text
    assert "(+2 more)" in text
    assert LISTS not in text


def test_of_two_alarms_of_one_rank_the_newer_stands() -> None:
    model = seen(alarm(20, 43, AlarmRank.VITAL, NAKED), alarm(21, 44, AlarmRank.VITAL, "daily loss limit"))
    assert "daily loss limit" in strip(model)


def test_the_end_of_a_kill_is_shown_until_it_is_acknowledged_though_it_is_no_alarm() -> None:
    flat = EventLine(22, at(11, 46), Severity.GOOD, "FLAT: the broker confirmed it twice", AlarmRank.VITAL)
    model = seen(
        alarm(20, 43, AlarmRank.VITAL, "KILL by a person"), flat, alarm(0, 47, AlarmRank.LESSER, LISTS)
    )
    assert "FLAT: the broker confirmed it twice" in strip(model)
    model.acknowledge()
    assert "!!" not in strip(model)


def test_a_lasting_alarm_of_old_does_not_push_a_vital_event_down_the_list() -> None:
    events = (*EVENTS, alarm(20, 43, AlarmRank.VITAL, NAKED), alarm(0, 30, AlarmRank.LESSER, LISTS))
    lines = ["".join(text for text, _ in line) for line in paint_events(events, 80, 3)]
    assert NAKED in lines[1]
    assert LISTS in lines[2]


def test_a_lasting_alarm_stands_above_what_is_told_once() -> None:
    events = (*EVENTS, alarm(0, 30, AlarmRank.LESSER, LISTS))
    lines = ["".join(text for text, _ in line) for line in paint_events(events, 80, 3)]
    assert LISTS in lines[1]
