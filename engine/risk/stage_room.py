"""What the rollout's stage leaves a live entry: none in PAPER, little in SMALL, whatever the limits leave in FULL."""

from dataclasses import replace

from engine.market.figures import counted
from engine.market.instrument import DERIVATIVES
from engine.risk.denial import Code, Denial
from engine.risk.entry_facts import EntryFacts
from engine.risk.exact import exact, part
from engine.risk.holdings import exposure
from engine.risk.sizing import Rooms
from engine.rollout.live_stages import caps_room


def stage_denial(facts: EntryFacts) -> Denial | None:
    """Return why the stage allows no entry in this instrument now, whatever its size."""
    stage = facts.stage
    if stage is None:
        return None
    if stage.refusal:
        return Denial(Code.STAGE, stage.refusal)
    caps, key = stage.caps, facts.instrument.key
    held = {holding.instrument.key for holding in facts.holdings}
    if caps.positions is not None and len(held | {key}) > caps.positions:
        return Denial(
            Code.STAGE,
            f"{caps.stage.value} allows {counted(caps.positions, 'position')} at a time, and "
            f"{len(held)} open or on its way: close or cancel that first",
        )
    entered = stage.entered | held
    if caps.instruments is not None and key not in entered and len(entered) >= caps.instruments:
        return Denial(
            Code.STAGE,
            f"{caps.stage.value} allows {counted(caps.instruments, 'instrument')} a day, and entries left for "
            f"{len(entered)} others today: this one has to wait until tomorrow",
        )
    return None


def rooms_of(facts: EntryFacts) -> Rooms:
    """Return what an entry may use by the day's limits and the stage."""
    rooms = facts.limits.rooms(
        facts.holdings,
        facts.result,
        margin_available=facts.margin_available,
        account_net=facts.account_net,
    )
    return within_stage(rooms, facts)


def within_stage(rooms: Rooms, facts: EntryFacts) -> Rooms:
    """Return what the stage leaves of what the limits leave: it counts at once, whatever account the day began with."""
    if facts.stage is None or not facts.stage.caps.entries:
        return rooms
    caps, limits, instrument = facts.stage.caps, facts.limits.limits, facts.instrument
    account = caps_room(caps, facts.limits.account)
    share = (
        limits.risk_per_trade_pct if caps.risk_pct is None else min(limits.risk_per_trade_pct, caps.risk_pct)
    )
    mine = [holding for holding in facts.holdings if holding.instrument.key == instrument.key]
    most = int(account * exact(limits.max_leverage)) - exposure(facts.holdings)
    capped = replace(
        rooms, budget=min(rooms.budget, part(account, share)), exposure=min(rooms.exposure, most)
    )
    if caps.position is None:
        return capped
    if instrument.kind in DERIVATIVES:
        return replace(capped, quantity=max(0, instrument.lot - sum(one.quantity for one in mine)))
    return replace(capped, position=max(0, caps.position - sum(one.value for one in mine)))
