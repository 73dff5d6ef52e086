"""The engine proper, sans-IO: market and broker events, commands and wakes in; requests and records out."""

from engine.contract.decision_state import DecisionState
from engine.core.core import Core
from engine.core.day_guard import ACCOUNT_LOSS, DAY_LOSS
from engine.core.decision import Decision
from engine.core.events import (
    LIVE,
    PAPER,
    REPLAY,
    SIMULATED,
    Attended,
    AuctionReferences,
    Checked,
    CommandAnswer,
    DayState,
    Effect,
    Event,
    FeedEnded,
    Followed,
    Halted,
    LatchChanged,
    Latched,
    Noted,
    Quoted,
    Rearmed,
    Resumed,
    Studying,
    Unfollowed,
    Wake,
    Wished,
)
from engine.core.setup_evidence import EarlierEvidence
from engine.orders.ledger_facts import Record
from engine.orders.tags import Ids

__all__ = [
    "ACCOUNT_LOSS",
    "DAY_LOSS",
    "LIVE",
    "PAPER",
    "REPLAY",
    "SIMULATED",
    "Attended",
    "AuctionReferences",
    "Checked",
    "CommandAnswer",
    "Core",
    "DayState",
    "Decision",
    "DecisionState",
    "EarlierEvidence",
    "Effect",
    "Event",
    "FeedEnded",
    "Followed",
    "Halted",
    "Ids",
    "LatchChanged",
    "Latched",
    "Noted",
    "Quoted",
    "Rearmed",
    "Record",
    "Resumed",
    "Studying",
    "Unfollowed",
    "Wake",
    "Wished",
]
