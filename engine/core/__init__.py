"""The engine proper, sans-IO: market and broker events, commands and wakes in; requests and records out."""

from engine.core.core import Core
from engine.core.decision import Decision, DecisionState
from engine.core.events import (
    LIVE,
    PAPER,
    REPLAY,
    SIMULATED,
    Answer,
    Attended,
    DayState,
    Effect,
    Event,
    FeedEnded,
    LatchChanged,
    Latched,
    Rearmed,
    Resumed,
    Studying,
    Wake,
)
from engine.orders.dispatch import Ids, Record

__all__ = [
    "LIVE",
    "PAPER",
    "REPLAY",
    "SIMULATED",
    "Answer",
    "Attended",
    "Core",
    "DayState",
    "Decision",
    "DecisionState",
    "Effect",
    "Event",
    "FeedEnded",
    "Ids",
    "LatchChanged",
    "Latched",
    "Rearmed",
    "Record",
    "Resumed",
    "Studying",
    "Wake",
]
