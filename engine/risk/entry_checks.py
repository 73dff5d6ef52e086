"""What must hold before an entry may be sent. Every check that cannot be answered says no."""

from collections.abc import Callable
from fractions import Fraction

from engine.market.clock import SECOND, Instant, datetime_of
from engine.market.figures import grouped, rupees
from engine.market.instrument import DERIVATIVES
from engine.market.side import Side
from engine.risk.denial import Code, Denial
from engine.risk.entry import EntryPlan
from engine.risk.entry_facts import EntryFacts
from engine.risk.exact import exact, part, told_apart
from engine.risk.holdings import exposure, gap_risk, open_risk
from engine.risk.sizing import Cap, margin_needed
from engine.risk.stage_room import stage_denial
from engine.settings.sections import EntryCheckSections
from engine.system.plain_text import words_of

CIRCUIT_PERCENT_LONG = 2
CIRCUIT_PERCENT_SHORT = 3


DoorCheck = Callable[[EntryFacts, EntryCheckSections], Denial | None]
PlanCheck = Callable[[EntryFacts, EntryPlan, EntryCheckSections], Denial | None]


def door_denial(facts: EntryFacts, settings: EntryCheckSections) -> Denial | None:
    """Return the first reason against any entry here and now, before stop and size are worth computing.

    A check that breaks denies, here and in a plan.
    """
    return next((denial for check in DOOR_CHECKS if (denial := _closed(check, facts, settings))), None)


def plan_denial(facts: EntryFacts, plan: EntryPlan, settings: EntryCheckSections) -> Denial | None:
    """Return the first reason against an entry whose doors are open, by its plan; None when every check passes."""
    return next((denial for check in PLAN_CHECKS if (denial := _closed(check, facts, plan, settings))), None)


def _closed(check: Callable[..., Denial | None], *given: object) -> Denial | None:
    try:
        return check(*given)
    except Exception as error:  # noqa: BLE001 - an entry never passes a check that broke
        name = getattr(check, "__name__", "check").strip("_").replace("_", " ")
        return Denial(Code.CHECK_FAILED, f"the check of {name} broke: {words_of(error)}")


def _latched(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    return Denial(Code.LATCHED, "the kill latch is set; only rearm clears it") if facts.latched else None


def _stopped_for_day(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if facts.limits.stopped:
        return Denial(
            Code.STOPPED_FOR_DAY,
            f"the {facts.limits.stopped_by} was reached; entries open on the next trading day",
        )
    return None


def _stage(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    return stage_denial(facts)


def _paused(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    return Denial(Code.PAUSED, f"entries are paused: {facts.pause}") if facts.pause else None


def _stale_feed(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    return None if facts.feed_fresh else Denial(Code.STALE_FEED, "the feed is stale")


def _locked(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if facts.locked:
        return Denial(
            Code.LOCKED,
            f"{facts.locked} is LOCKED at its circuit: nothing is entered while it cannot be closed",
        )
    return None


def _one_sided(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if facts.one_sided:
        return Denial(
            Code.ONE_SIDED,
            f"the book of {facts.instrument.symbol} has one side only: there is no way out of it",
        )
    return None


def _index(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if not facts.instrument.tradable:
        return Denial(
            Code.NOT_TRADABLE, f"{facts.instrument.symbol} is an index: context only, nothing to trade"
        )
    return None


def _not_tradable(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    return Denial(Code.NOT_TRADABLE, facts.blocked) if facts.blocked else None


def _too_early(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if facts.first_entry is None or facts.market_time < facts.first_entry:
        return Denial(
            Code.TOO_EARLY, f"first entry {_clock(facts.first_entry)}, it is {_clock(facts.market_time)}"
        )
    return None


def _too_late(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if facts.entries_stop is None or facts.market_time >= facts.entries_stop:
        return Denial(
            Code.TOO_LATE, f"last entry {_clock(facts.entries_stop)}, it is {_clock(facts.market_time)}"
        )
    return None


def _event(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if not facts.event:
        return None
    return Denial(
        Code.EVENT, f"{facts.event}: nothing is entered by itself from 5 minutes before to 5 minutes after"
    )


def _signal_old(facts: EntryFacts, settings: EntryCheckSections) -> Denial | None:
    age = facts.now - facts.decided_at
    life = exact(settings.entry.signal_life_seconds) * SECOND
    if not 0 <= age <= life:
        return Denial(
            Code.SIGNAL_OLD, f"signal is {age / SECOND:.1f} s old (limit {float(life / SECOND):g} s)"
        )
    return None


def _option_short(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if facts.instrument.is_option and facts.side is Side.SELL:
        return Denial(Code.OPTION_SHORT, "an entry never sells an option")
    return None


def _contract_unknown(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    """Deny a derivative of which nobody knows when it ends, or an option of which nobody knows on what."""
    instrument = facts.instrument
    if instrument.kind not in DERIVATIVES:
        return None
    missing = [
        word
        for word, known in (
            ("underlying", bool(instrument.underlying) or not instrument.is_option),
            ("expiry", instrument.expiry is not None),
        )
        if not known
    ]
    if not missing:
        if instrument.expiry is not None and instrument.expiry < facts.day:
            return Denial(
                Code.CONTRACT_UNKNOWN,
                f"{instrument.symbol} is studied, not traded: it was over on {instrument.expiry.isoformat()}; "
                "what trades under its name is not known",
            )
        return None
    return Denial(
        Code.CONTRACT_UNKNOWN,
        f"{instrument.symbol} is studied, not traded: its {' and '.join(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} not known; "
        "an instrument list (--instruments FILE) can name the contract",
    )


def _option_expiry_day(facts: EntryFacts, settings: EntryCheckSections) -> Denial | None:
    if not facts.instrument.is_option or settings.options.expiry_day_entries:
        return None
    expiry = facts.instrument.expiry
    if expiry is not None and facts.day >= expiry:
        return Denial(Code.OPTION_EXPIRY_DAY, f"{facts.instrument.symbol} expires {expiry.isoformat()}")
    return None


def _same_instrument(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    if any(holding.instrument.key == facts.instrument.key for holding in facts.holdings):
        return Denial(Code.SAME_INSTRUMENT, f"{facts.instrument.symbol} already has a position or an entry")
    return None


def _same_underlying_direction(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    underlying = facts.instrument.underlying or facts.instrument.key
    for holding in facts.holdings:
        if holding.underlying == underlying and holding.side is facts.side:
            return Denial(
                Code.SAME_UNDERLYING_DIRECTION,
                f"{holding.instrument.symbol} already holds the same underlying on the {holding.side} side",
            )
    return None


def _max_positions(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    count, limit = len(facts.holdings), facts.limits.limits.max_positions
    return Denial(Code.MAX_POSITIONS, f"{count} positions (limit {limit})") if count >= limit else None


def _orders_per_day(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    limit = facts.limits.limits.max_orders_per_day
    if facts.orders_today >= limit:
        return Denial(Code.ORDERS_PER_DAY, f"{facts.orders_today} order messages today (limit {limit})")
    return None


def _entries_per_minute(facts: EntryFacts, _: EntryCheckSections) -> Denial | None:
    limit = facts.limits.limits.max_entries_per_minute
    if facts.entries_last_minute >= limit:
        return Denial(
            Code.ENTRIES_PER_MINUTE,
            f"{facts.entries_last_minute} entries in {facts.instrument.symbol} within a minute (limit {limit})",
        )
    return None


def _circuit_near(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    band = facts.band
    if band is None:
        return Denial(Code.CIRCUIT_NEAR, "circuit limits are unknown")
    percent = CIRCUIT_PERCENT_LONG if plan.side is Side.BUY else CIRCUIT_PERCENT_SHORT
    near = plan.limit * percent
    # An option's lower limit is its smallest tick: a cheap premium is not a circuit.
    close_below = not facts.instrument.is_option and (plan.limit - band.lower) * 100 < near
    if close_below or (band.upper - plan.limit) * 100 < near:
        return Denial(
            Code.CIRCUIT_NEAR,
            f"{rupees(plan.limit)} is within {percent}% of a circuit limit {rupees(band.lower)}–{rupees(band.upper)}",
        )
    beyond = plan.stop.limit - plan.side.sign * plan.stop.distance
    inside = band.lower <= plan.stop.trigger <= band.upper and band.lower <= beyond <= band.upper
    if not inside and not facts.instrument.is_option:
        return Denial(
            Code.CIRCUIT_NEAR,
            f"the stop's limit and one R beyond it, {rupees(beyond)}, lie outside the circuit limits",
        )
    return None


def _reward_risk(facts: EntryFacts, plan: EntryPlan, settings: EntryCheckSections) -> Denial | None:
    if plan.target_1 is None:
        return None if facts.by_person else Denial(Code.REWARD_RISK, "the signal names no first target")
    needed = exact(settings.exit.min_reward_risk)
    if plan.reward < needed * plan.initial_risk:
        earned = told_apart(Fraction(plan.reward, plan.initial_risk), needed, digits=2)
        return Denial(
            Code.REWARD_RISK,
            f"first target earns {earned} R after costs (limit {float(needed):g}){_kept_small(plan)}",
        )
    return None


def _kept_small(plan: EntryPlan) -> str:
    """Return what kept a trade smaller than its own risk allows: fewer units bear the same brokerage."""
    if plan.size.binding_cap is Cap.RISK:
        return ""
    return f" with the {grouped(plan.size.quantity)} units that {plan.size.binding_cap} leaves"


def _cost_share(_: EntryFacts, plan: EntryPlan, settings: EntryCheckSections) -> Denial | None:
    if plan.target_1 is None:
        return None
    limit = exact(settings.exit.max_cost_share_pct)
    if plan.target_distance <= 0 or plan.target_charges * 100 > limit * plan.target_distance:
        share = Fraction(100)
        if plan.target_distance > 0:
            share = Fraction(100 * plan.target_charges, plan.target_distance)
        told = told_apart(share, limit, digits=0)
        return Denial(
            Code.COST_SHARE, f"charges {told}% of target (limit {float(limit):g}%){_kept_small(plan)}"
        )
    return None


def _risk_per_trade(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    risk, budget = plan.size.risk, facts.limits.budget
    if risk > budget:
        return Denial(Code.RISK_PER_TRADE, f"trade risks {rupees(risk)} (limit {rupees(budget)})")
    return None


def _open_risk(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    held, limit = open_risk(facts.holdings), facts.limits.open_risk_limit
    if held is None:
        return Denial(Code.OPEN_RISK, "the risk of an open position is unknown")
    if held + plan.size.loss > limit:
        return Denial(
            Code.OPEN_RISK,
            f"open risk {rupees(held)} + {rupees(plan.size.loss)} (limit {rupees(limit)})",
        )
    return None


def _gap_risk(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    held, limit = gap_risk(facts.holdings), facts.limits.gap_limit
    if held is None:
        return Denial(Code.GAP_RISK, "the gap risk of an open position is unknown")
    if held + plan.size.gap > limit:
        return Denial(
            Code.GAP_RISK, f"gap risk {rupees(held)} + {rupees(plan.size.gap)} (limit {rupees(limit)})"
        )
    return None


def _day_loss(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    if facts.result.unmarked:
        return Denial(
            Code.DAY_LOSS, f"{facts.result.unmarked} positions without a mark: the day's loss is unknown"
        )
    room = facts.limits.rooms(
        facts.holdings, facts.result, margin_available=None, account_net=facts.account_net
    ).day_loss
    if plan.size.loss > room:
        return Denial(
            Code.DAY_LOSS,
            f"trade may lose {rupees(plan.size.loss)} with charges, the daily limit leaves {rupees(max(0, room))}",
        )
    return None


def _leverage(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    notional = exposure(facts.holdings) + plan.limit * plan.size.quantity
    limit = facts.limits.exposure_limit
    if notional > limit:
        return Denial(Code.LEVERAGE, f"notional {rupees(notional)} (limit {rupees(limit)})")
    return None


def _margin(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    if facts.margin_available is None:
        return Denial(Code.MARGIN, "available margin is unknown")
    used = sum(margin_needed(holding.instrument.kind, holding.value) for holding in facts.holdings)
    used += margin_needed(facts.instrument.kind, plan.limit * plan.size.quantity)
    limit = part(facts.margin_available, facts.limits.limits.max_margin_use_pct)
    if used > limit:
        return Denial(Code.MARGIN, f"margin {rupees(used)} (limit {rupees(limit)})")
    return None


def _whole_order(facts: EntryFacts, plan: EntryPlan, _: EntryCheckSections) -> Denial | None:
    if plan.side is not facts.side:
        return Denial(Code.CHECK_FAILED, f"expected a plan to {facts.side}, got one to {plan.side}")
    quantity, lot = plan.size.quantity, facts.instrument.lot
    if quantity <= 0 or quantity % lot:
        return Denial(Code.ZERO_SIZE, f"expected whole lots of {lot}, got {grouped(quantity)} units")
    if quantity > facts.instrument.freeze_quantity:
        return Denial(
            Code.FREEZE_QUANTITY,
            f"{grouped(quantity)} units (limit {grouped(facts.instrument.freeze_quantity)})",
        )
    return None


DOOR_CHECKS: tuple[DoorCheck, ...] = (
    _index,
    _latched,
    _stopped_for_day,
    _stage,
    _paused,
    _stale_feed,
    _locked,
    _one_sided,
    _not_tradable,
    _too_early,
    _too_late,
    _event,
    _signal_old,
    _option_short,
    _contract_unknown,
    _option_expiry_day,
    _same_instrument,
    _same_underlying_direction,
    _max_positions,
    _orders_per_day,
    _entries_per_minute,
)
PLAN_CHECKS: tuple[PlanCheck, ...] = (
    _whole_order,
    _circuit_near,
    _risk_per_trade,
    _open_risk,
    _gap_risk,
    _day_loss,
    _leverage,
    _margin,
    _cost_share,
    _reward_risk,
)


def _clock(instant: Instant | None) -> str:
    return "unknown" if instant is None else datetime_of(instant).strftime("%H:%M:%S")
