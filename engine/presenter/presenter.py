"""One complete picture of the core for one screen and its selected instrument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from engine.auction.values.context import Context, Quality
from engine.contract.kill_times import KillTimes
from engine.contract.views import (
    AlarmRank,
    EventLine,
    HeaderView,
    LadderView,
    LastingAlarm,
    LatchView,
    PreflightView,
    RiskView,
    ScreenView,
    Severity,
    SignalCard,
    WatchRow,
)
from engine.core import Core, Decision, DecisionState
from engine.market.clock import MILLISECOND, SECOND, Instant, datetime_of
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price import Paise
from engine.market.session import Phase
from engine.performance.calibration import LiveSlippage
from engine.performance.evidence import Basis
from engine.performance.trade import ClosedTrade
from engine.presenter.auction import build_auction
from engine.presenter.day import clock_words, event_words
from engine.presenter.evidence import describe_evidence
from engine.presenter.ladder import build_ladder, describe_location
from engine.presenter.notable import notable_trades
from engine.presenter.own_levels import own_levels
from engine.presenter.performance import Figures
from engine.presenter.rows import mark_age, order_rows, outside_rows, position_row, shown_time
from engine.presenter.standstill import latch_view
from engine.risk.day_result import DayResult
from engine.risk.holdings import Holding
from engine.risk.marks import MarkState

_CARDS: Final = 20
_EVENTS: Final = 200
_EVIDENCE_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """What the core does not know of itself: how its market is played and how the disks are."""

    now: Instant
    speed: int
    held: bool
    ended: bool
    end: Instant | None = None
    """Arrival of the feed's last update, if known."""
    problems: tuple[LastingAlarm, ...] = ()
    signed_in_until: Instant | None = None
    preflight: PreflightView | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else is known of an instrument before the open, by key."""
    kill_times: KillTimes = field(default_factory=KillTimes)


@dataclass(frozen=True, slots=True)
class _Reading:
    """An instrument's context as of one picture and one revision of its auction."""

    number: int
    revision: int
    context: Context


class Presenter:
    """Builds views and changes nothing in the core: a screen more or less makes no other run.

    It remembers what earlier runs proved, how many pictures it drew, and the last reading of each instrument. A full
    reading costs about a millisecond: the selected instrument has it made for every picture, the others take turns.
    """

    def __init__(
        self,
        past: Sequence[ClosedTrade],
        accounts: Mapping[date, Paise],
        basis: Basis | None = None,
        live: Sequence[LiveSlippage] = (),
    ) -> None:
        self._figures = Figures(past, accounts, basis, live)
        self._number = 0
        self._latched: tuple[Instant, Instant] = (0, 0)
        """When the latch was set, by the timers' clock and as shown."""
        self._readings: dict[str, _Reading] = {}
        self._problems: dict[str, EventLine] = {}

    def view(self, core: Core, around: ViewFacts, selected: str | None) -> ScreenView:
        """Return the whole picture at one instant."""
        self._number += 1
        followed = core.watchlist
        key = selected if selected in followed else next(iter(followed), None)
        self._read(core, key)
        stale = core.market.stale(core.market_state.arrival_time(around.now))
        readings = {name: _as_of_now(self._readings[name].context, stale=stale) for name in followed}
        holdings = core.account.holdings(around.now)
        result = core.account.result(around.now, holdings)
        return ScreenView(
            number=self._number,
            header=_header(core, around, result, holdings),
            watchlist=tuple(_watch_row(core, readings[name], around) for name in followed),
            ladder=None if key is None else _ladder(core, readings[key], around.now),
            signals=tuple(self._card(core, one, around.now) for one in _newest(core.signals)),
            positions=tuple(position_row(core, trade, around.now) for trade in core.trades)
            + outside_rows(core),
            orders=order_rows(core, around.now),
            risk=_risk(core, result, holdings, around.now),
            performance=self._figures.view(core),
            events=self._events(core, around),
            latch=self._latch(core, around),
            kill_scope=core.kill_scope(),
            preflight=around.preflight,
            auction=None if key is None else build_auction(self._readings[key].context),
            notable=notable_trades(core),
        )

    def _read(self, core: Core, selected: str | None) -> None:
        """Bring the selected instrument's reading up to date, missing ones, and the one that waits longest."""
        behind = []
        for key in core.watchlist:
            known, revision = self._readings.get(key), core.market.auction(key).revision
            if known is None or key == selected:
                self._readings[key] = _Reading(self._number, revision, core.market.context(key))
            elif known.revision != revision:
                behind.append((known.number, key, revision))
        if behind:
            _, oldest, revision = min(behind)
            self._readings[oldest] = _Reading(self._number, revision, core.market.context(oldest))

    def _events(self, core: Core, around: ViewFacts) -> tuple[EventLine, ...]:
        """Return the newest lines, older vital ones, and one for each lasting alarm, as old as what it tells of."""
        lines = core.events[-_EVENTS:]
        oldest = lines[0].number if lines else 0
        older = tuple(line for line in core.vital_events if line.number < oldest)
        engines = (LastingAlarm(one.told, AlarmRank.VITAL) for one in core.manager.external.engines.found)
        lasting = {alarm.text: alarm for alarm in (*around.problems, *engines)}
        self._problems = {text: line for text, line in self._problems.items() if text in lasting}
        for text, alarm in lasting.items():
            if text not in self._problems:
                # A number of its own would hide every later event once it is acknowledged.
                time = core.market_time(around.now)
                self._problems[text] = EventLine(0, time, Severity.ALARM, text, alarm.rank)
        return older + lines + tuple(self._problems.values())

    def _latch(self, core: Core, around: ViewFacts) -> LatchView | None:
        latch = core.latch
        if latch is None:
            return None
        if self._latched[0] != latch.since:
            # Told once: a market that has ended or is held would let the time run backwards.
            self._latched = (latch.since, shown_time(core, latch.since, around.now))
        return latch_view(core, self._latched[1], around.kill_times)

    def _card(self, core: Core, decision: Decision, now: Instant) -> SignalCard:
        instrument = core.instruments[decision.instrument]
        waits = decision.state is DecisionState.WAITING
        left = None if not waits or decision.expires is None else max(0, decision.expires - now)
        reason = decision.reason if decision.state is not DecisionState.TAKEN else decision.premise
        return SignalCard(
            id=decision.id,
            time=decision.time,
            instrument=decision.instrument,
            symbol=instrument.symbol,
            tick=instrument.tick,
            setup=decision.setup,
            side="" if decision.side is None else decision.side.value,
            price=decision.price,
            stop=decision.stop,
            target=decision.target_1 or None,
            state="waiting for you" if waits else decision.state.value,
            reason=reason or decision.premise,
            evidence=describe_evidence(decision.evidence)[:_EVIDENCE_LINES],
            record="" if decision.record is None else decision.record.describe(),
            quantity=decision.quantity,
            risk=decision.risk,
            sized=decision.sized,
            became=decision.state,
            answer_ms=None if left is None else left // MILLISECOND,
        )


def _header(core: Core, around: ViewFacts, result: DayResult, holdings: tuple[Holding, ...]) -> HeaderView:
    market_time = core.market_time(around.now)
    kinds = {instrument.kind: None for instrument in core.instruments.values()}
    phases = {core.day.phase(kind, market_time): None for kind in kinds}
    stops = [core.day.setup_entries_stop(kind) for kind in kinds]
    flats = [core.day.flat_by(kind) for kind in kinds]
    last_entry = max(stops, default=market_time)
    feed, age = _feed(core, around)
    progress = ""
    if around.end is not None:
        progress = f"{datetime_of(market_time):%H:%M} of {datetime_of(around.end):%H:%M}"
    live, until = result.state is MarkState.LIVE, core.state.armed_until
    ages = [old for one in holdings if (old := mark_age(core, one.mark, around.now)) is not None]
    return HeaderView(
        world=core.world,
        stage="PAPER" if core.manager.stages is None else core.manager.stages.name,
        trading=core.trading_word(),
        paused=core.state.stands_still,
        phase="HALTED" if core.market_state.halts.standing else _phase_words(list(phases)),
        market_time=market_time,
        entries_close_in=(last_entry - market_time) // SECOND if last_entry > market_time else None,
        flat_by=min(flats, default=None),
        feed=feed,
        feed_age_ms=age,
        speed=around.speed,
        replay_paused=around.held,
        manual_armed=core.manual_armed,
        realised=result.realised,
        open=result.open,
        charges=result.charges + result.closing_charges,
        progress=progress,
        signed_in_until=around.signed_in_until,
        marks="" if live else result.state.value,
        marks_age_ms=None if live else max(ages, default=None),
        at_stops=None if live else _at_stops(result, holdings),
        event=event_words(core, around.now),
        manual_seconds=None if until is None else max(0, until - around.now) // SECOND,
    )


def _phase_words(phases: list[Phase]) -> str:
    order = (Phase.CONTINUOUS, Phase.CLOSING_AUCTION, Phase.PRE_OPEN, Phase.POST_CLOSE, Phase.CLOSED)
    found = next((phase for phase in order if phase in phases), Phase.CLOSED)
    return str(found.value)


def _feed(core: Core, around: ViewFacts) -> tuple[str, int | None]:
    """Return the feed's word and age on the clock of arrivals: a recorder's slow clock makes nothing older."""
    if around.ended:
        return "ENDED", None
    arrivals = [
        update.arrival for key in core.instruments if (update := core.market_state.update(key)) is not None
    ]
    feed_time = core.market_state.arrival_time(around.now)
    age = max(0, (feed_time - max(arrivals)) // 1_000) if arrivals else None
    if around.held:
        return "PAUSED", age
    return ("STALE" if age is None or core.market.stale(feed_time) else "LIVE"), age


def _as_of_now(context: Context, *, stale: bool) -> Context:
    """Return a reading as good as it is at this moment: a feed that stopped brings no update that could say so."""
    if not stale or context.quality is Quality.NOT_READY:
        return context
    return replace(context, quality=Quality.STALE)


def _watch_row(core: Core, context: Context, around: ViewFacts) -> WatchRow:
    """Return a row with prices of now; where they stand is judged by the instrument's last reading."""
    key = context.instrument.key
    instrument = core.instruments[key]
    quote = core.market_state.quote(key, around.now)
    auction = core.market.auction(key)
    last = auction.last if auction.last is not None else quote.last
    close = context.previous_close
    change = None if last is None or not close else last - close
    return WatchRow(
        key=key,
        symbol=instrument.symbol,
        tick=instrument.tick,
        lot=instrument.lot,
        last=last,
        change=change,
        change_pct=None if change is None or not close else 100 * change / close,
        bid=quote.bid,
        ask=quote.ask,
        position=core.manager.portfolio.net(key),
        quality=context.quality.value,
        location=describe_location(context, last),
        detail=_detail(core, instrument, around.notes.get(key, "")),
        clock=clock_words(core, instrument),
    )


def _detail(core: Core, instrument: Instrument, note: str) -> str:
    words = [note] if note else []
    if not instrument.tradable:
        words.append("index: context only")
    elif instrument.kind not in (InstrumentClass.STOCK, InstrumentClass.AUCTION_STOCK):
        words.append(f"lot {instrument.lot}")
    if instrument.expiry is not None:
        words.append(f"exp {max(0, (instrument.expiry - core.day.day).days)}d")
    blocked = core.entries.why_blocked(instrument.key) or core.manager.freeze_reason(instrument.key)
    if blocked:
        words.append(blocked)
    return " · ".join(words)


def _ladder(core: Core, context: Context, now: Instant) -> LadderView:
    key = context.instrument.key
    auction = core.market.auction(key)
    update = core.market_state.update(key)
    return build_ladder(
        context,
        auction.rows(),
        core.market_state.quote(key, now),
        own_levels(core, key),
        core.settings.profile,
        0 if update is None else update.volume,
    )


def _newest(decisions: Sequence[Decision]) -> Sequence[Decision]:
    """Return the newest decisions for cards, newest first; what a setup misses all day comes after all others."""
    about_trades = [one for one in decisions if not one.about_day][-_CARDS:]
    about_days = [one for one in decisions if one.about_day][len(about_trades) - _CARDS :]
    return [*reversed(about_trades), *reversed(about_days if len(about_trades) < _CARDS else [])]


def _risk(core: Core, result: DayResult, holdings: tuple[Holding, ...], now: Instant) -> RiskView:
    limits = core.limits
    known = [holding.loss for holding in holdings if holding.loss is not None]
    budget = core.manager.gate.budget
    whole = core.account.account_result(now, result)
    return RiskView(
        account=limits.account,
        day_result=result.net,
        day_loss_limit=limits.loss_limit,
        day_loss_used_pct=min(100.0, limits.loss_used_pct(result)),
        stopped_for_day=limits.stopped,
        open_risk=sum(known),
        open_risk_limit=limits.open_risk_limit,
        gap_risk=sum(holding.gap for holding in holdings if holding.gap is not None),
        gap_risk_limit=limits.gap_limit,
        if_all_stops_fill=_at_stops(result, holdings),
        exposure=sum(holding.value for holding in holdings),
        exposure_limit=limits.exposure_limit,
        positions=len(core.trades),
        positions_limit=limits.limits.max_positions,
        orders_this_second=budget.sent_within(SECOND, now),
        orders_per_second_limit=budget.per_second,
        orders_today=budget.today,
        stopped_by=limits.stopped_by.value if limits.stopped else "",
        account_result=None if whole is None else whole.net,
        account_limit=limits.account_limit,
        outside=None if whole is None else whole.counted,
        external_result=None if whole is None else whole.external.result,
        outside_unmarked=0 if whole is None else whole.external.unmarked,
    )


def _at_stops(result: DayResult, holdings: tuple[Holding, ...]) -> Paise:
    """Return the day's result if all stops slipped by their allowance, paise."""
    at_stops = sum(
        (holding.stop * holding.quantity - holding.value) * holding.side.sign
        for holding in holdings
        if holding.stop is not None and not holding.working
    )
    return result.realised + at_stops - result.charges - result.closing_charges
