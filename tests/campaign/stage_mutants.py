"""Planted mistakes of the rollout's stage: who should look does not."""

from dataclasses import replace

from engine.brokers.upstox import translation
from engine.core import trading_conditions
from engine.orders.gate import Draft, Gate, GateDenial, GateFacts
from engine.orders.messages import PlaceOrder
from engine.risk import stage_room
from engine.risk.entry_facts import EntryFacts
from engine.risk.sizing import Rooms
from engine.rollout.stages import StageStanding
from tests.campaign.mutants import Swap


def gate_does_not_look() -> tuple[Swap, ...]:
    whole = Gate.check

    def check(self: Gate, draft: Draft, around: GateFacts, now: int) -> GateDenial | None:
        return whole(self, draft, replace(around, stages=None), now)

    return ((Gate, "check", check),)


def demotion_is_not_seen() -> tuple[Swap, ...]:
    def stand_at(state: object, told: object, now: int) -> None:
        del state, told, now

    return ((trading_conditions, "stand_at", stand_at),)


def stage_caps_no_size() -> tuple[Swap, ...]:
    def within(rooms: Rooms, facts: EntryFacts) -> Rooms:
        del facts
        return rooms

    return ((stage_room, "within_stage", within),)


def adapter_does_not_look() -> tuple[Swap, ...]:
    def denial(request: PlaceOrder, standing: StageStanding) -> str:
        del request, standing
        return ""

    return ((translation, "stage_denial", denial),)
