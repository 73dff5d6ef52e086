"""What a person asks for, done once each: commands in, one sentence back."""

from typing import Final

import msgspec

from engine.contract.commands import (
    AdoptPosition,
    ArmManual,
    CancelResting,
    Command,
    CommandResult,
    DeclineSignal,
    EnterCharges,
    ExitPosition,
    Follow,
    KeepDrill,
    Kill,
    ManualOrder,
    MoveToBreakeven,
    NoteTrade,
    Outcome,
    PauseEntries,
    PauseReplay,
    QuoteTicket,
    Rearm,
    RestOrder,
    RunPreflight,
    SendTicket,
    SetReplaySpeed,
    StopEngine,
    TakeSignal,
    TightenStop,
    Unfollow,
)
from engine.contract.tickets import TicketQuote
from engine.core.adoption import adopt
from engine.core.brake_pauses import BrakePauses
from engine.core.events import REPLAY, SIMULATED
from engine.core.ticket_quote import quote_ticket
from engine.core.trader_orders import TraderOrders
from engine.core.trading_state import TradingState
from engine.market.clock import MINUTE, Instant
from engine.market.figures import grouped, rupees, signed_units
from engine.orders.plight_words import plight_text
from engine.orders.trade import Trade
from engine.risk.denial import StopRefusal
from engine.risk.exact import exact
from engine.system.plain_text import worded

REMEMBERED: Final = 1_000
NOT_ARMED: Final = "manual entry is not armed; m arms it"
BY_A_PERSON: Final = "paused by hand"


class CommandHandler:
    """Carries out commands; the same id asked again gets the same answer and nothing more is done."""

    def __init__(self, state: TradingState, braking: BrakePauses, trader_orders: TraderOrders) -> None:
        self._state = state
        self._braking = braking
        self._trader_orders = trader_orders
        self._answers: dict[str, CommandResult] = {}
        self._armed_for = int(exact(state.settings.entry.manual_armed_minutes) * MINUTE)

    def obey(self, command: Command, now: Instant) -> CommandResult:
        """Do what is asked, once per id, and say what became of it."""
        known = self._answers.get(command.id)
        if known is not None:
            return known
        if isinstance(command, QuoteTicket):
            return self.quote(command, now)
        refusal, text = self._do(command, now)
        outcome = Outcome.REFUSED if refusal else Outcome.ACCEPTED
        result = CommandResult(command.id, outcome, refusal or text)
        self._answers[command.id] = result
        if len(self._answers) > REMEMBERED:
            del self._answers[next(iter(self._answers))]
        return result

    def quote(self, command: QuoteTicket, now: Instant) -> CommandResult:
        """Say what would leave now for a ticket; changes nothing, so it is remembered nowhere."""
        quote = quote_ticket(self._state, self._trader_orders, command.order, now)
        if not quote.refusal and not self._armed(now):
            quote = msgspec.structs.replace(quote, refusal=NOT_ARMED)
        return CommandResult(command.id, Outcome.ACCEPTED, "", quote)

    def _armed(self, now: Instant) -> bool:
        return self._state.armed_until is not None and now < self._state.armed_until

    def _do(self, command: Command, now: Instant) -> tuple[str, str]:
        """Return why it is refused, or else what was done."""
        match command:
            case Kill():
                return self._kill(command, now)
            case ExitPosition():
                return self._exit(command, now)
            case ManualOrder() | RestOrder() | CancelResting() | SendTicket():
                return self._enter(command, now)
            case ArmManual():
                return self._arm(command, now)
            case MoveToBreakeven() | TightenStop() | AdoptPosition():
                return self._move(command, now)
            case PauseEntries():
                return self._pause(command, now)
            case TakeSignal() | DeclineSignal():
                return self._take(command, now) if isinstance(command, TakeSignal) else self._decline(command)
            case PauseReplay():
                return self._hold(command, now)
            case SetReplaySpeed():
                return self._only_pulled(f"speed {command.speed}×" if command.speed else "speed max")
            case Rearm():
                return self._rearm(command, now)
            case StopEngine():
                return self._stop()
            case (
                QuoteTicket()
                | Follow()
                | Unfollow()
                | RunPreflight()
                | NoteTrade()
                | EnterCharges()
                | KeepDrill()
            ):
                return _elsewhere(command), ""

    def _kill(self, command: Kill, now: Instant) -> tuple[str, str]:
        fresh = self._state.set_latch(command.by, command.reason or "kill key", command.id, now)
        scope = self._state.kill_scope()
        self._state.watch.plights.follow(now)
        holding = ", ".join(kind.value for kind in self._state.watch.plights.holding)
        if not fresh:
            return "", f"the kill waits: {holding}" if holding else "the kill is already running"
        return "", f"closing {scope.told}" + (f"; it waits: {holding}" if holding else "")

    def _waits(self, trade: Trade, now: Instant) -> str:
        """Return what an exit that was just asked for waits for, to be added to the answer; empty when for nothing."""
        plights = self._state.watch.plights
        plights.follow(now)
        plight = plights.current.get(trade.id)
        return "" if plight is None else f"; {plight_text(plight)}"

    def _held(self, instrument: str) -> Trade | None:
        trade = self._state.manager.portfolio.current(instrument)
        return trade if trade is not None and trade.open else None

    def _exit(self, command: ExitPosition, now: Instant) -> tuple[str, str]:
        symbol = self._state.journal.symbol(command.instrument)
        trade = self._state.manager.portfolio.current(command.instrument)
        if trade is None:
            return f"nothing of ours is held in {symbol}", ""
        if not command.half:
            self._state.manager.leave(command.instrument, "by hand", now, clears=True)
            return "", f"closing {symbol} {signed_units(trade.signed)}{self._waits(trade, now)}"
        if self._held(command.instrument) is None or trade.part is not None:
            return f"{symbol}: nothing to halve now", ""
        taken = self._state.trade_manager.half(trade, now)
        return ("", f"closing {taken} of {symbol}") if taken else (f"{symbol} is a single lot", "")

    def _enter(
        self, command: ManualOrder | RestOrder | CancelResting | SendTicket, now: Instant
    ) -> tuple[str, str]:
        """Enter by hand, or take an entry back; what a ticket showed is sent as shown or not at all."""
        shown = command.shown if isinstance(command, SendTicket) else None
        order = command.order if isinstance(command, SendTicket) else command
        if isinstance(order, ManualOrder):
            return self._order(order, now, shown)
        return self._rest(order, now, shown)

    def _order(self, command: ManualOrder, now: Instant, shown: TicketQuote | None) -> tuple[str, str]:
        if not self._armed(now):
            return NOT_ARMED, ""
        if command.instrument not in self._state.instruments:
            return f"{command.instrument} is not followed", ""
        self._state.armed_until = now + self._armed_for
        decision = self._state.entries.manual(
            command.instrument, command.side, now, command.stop, command.terms, shown
        )
        if not decision.taken:
            return worded(decision.code, decision.reason), ""
        symbol = self._state.journal.symbol(command.instrument)
        return "", f"{command.side.value} {grouped(decision.quantity or 0)} {symbol} sent"

    def _rest(
        self, command: RestOrder | CancelResting, now: Instant, shown: TicketQuote | None = None
    ) -> tuple[str, str]:
        if isinstance(command, CancelResting):
            return self._trader_orders.cancel(command, now)
        if not self._armed(now):
            return NOT_ARMED, ""
        self._state.armed_until = now + self._armed_for
        return self._trader_orders.place(command, now, shown)

    def _arm(self, command: ArmManual, now: Instant) -> tuple[str, str]:
        self._state.armed_until = now + self._armed_for if command.armed else None
        return "", "manual entry is armed" if command.armed else "manual entry is off"

    def _move(self, command: MoveToBreakeven | TightenStop | AdoptPosition, now: Instant) -> tuple[str, str]:
        if isinstance(command, AdoptPosition):
            return adopt(self._state, self._state.trade_manager.stops, command, now)
        trade = self._held(command.instrument)
        if trade is None:
            return f"nothing of ours is held in {self._state.journal.symbol(command.instrument)}", ""
        trade_manager = self._state.trade_manager
        if isinstance(command, TightenStop):
            moved = trade_manager.tighten(trade, command.price, now)
        else:
            moved = trade_manager.to_breakeven(trade, now)
        if isinstance(moved, StopRefusal):
            return moved.reason, ""
        return "", f"stop to {rupees(moved.trigger)}"

    def _pause(self, command: PauseEntries, now: Instant) -> tuple[str, str]:
        if command.paused:
            self._state.pause(BY_A_PERSON, now)
            return "", "entries paused"
        self._braking.release(now)
        lifted, kept = self._state.resume(now)
        if not kept:
            return "", f"entries resumed: {self._state.trading_word()}"
        way_out = "; `cockpit rearm` clears it" if self._state.manager.kill.active else ""
        text = f"entries stay paused: {kept}{way_out}"
        return ("", f"your pause is off, {text}") if lifted else (text, "")

    def _take(self, command: TakeSignal, now: Instant) -> tuple[str, str]:
        decision = self._state.entries.take(command.signal, now)
        if decision is None:
            return "that signal is not waiting any more", ""
        if not decision.taken:
            return worded(decision.code, decision.reason), ""
        return "", f"{grouped(decision.quantity or 0)} {self._state.journal.symbol(decision.instrument)} sent"

    def _decline(self, command: DeclineSignal) -> tuple[str, str]:
        decision = self._state.entries.decline(command.signal)
        if decision is None:
            return "that signal is not waiting any more", ""
        return "", f"{decision.setup} {self._state.journal.symbol(decision.instrument)} let go"

    def _only_pulled(self, text: str) -> tuple[str, str]:
        """Return a refusal in worlds whose market nobody can hold, else the text."""
        if self._state.world in (SIMULATED, REPLAY):
            return "", text
        return "only a demo or replay can be held or sped up", ""

    def _hold(self, command: PauseReplay, now: Instant) -> tuple[str, str]:
        refusal, _ = self._only_pulled("")
        if refusal:
            return refusal, ""
        self._state.market_state.hold(now, held=command.paused)
        for order in self._state.manager.orders.live():
            # What is left of an entry's life is counted anew.
            self._state.manager.wake(order.instrument, now)
        return "", "the market is held" if command.paused else "the market goes on"

    def _rearm(self, command: Rearm, now: Instant) -> tuple[str, str]:
        """Clear the latch once the broker has said flat; never on the day of the loss limit."""
        if self._state.latch is None:
            return "", "the kill latch is not set"
        if self._state.limits.stopped:
            return (
                f"the {self._state.limits.stopped_by} was reached: entries open on the next trading day",
                "",
            )
        if self._state.latch_busy:
            return "the broker has not said flat yet: the kill goes on", ""
        self._state.clear_latch(command.by, now)
        return "", "the kill latch is cleared"

    def _stop(self) -> tuple[str, str]:
        scope = self._state.kill_scope()
        if scope.positions or scope.orders:
            return f"expected nothing open, got {scope.told}", ""
        return "", "the engine may stop"


def _elsewhere(command: Command) -> str:
    """Return why core does nothing of what the parts around it do."""
    if isinstance(command, NoteTrade | EnterCharges | KeepDrill):
        return "kept by the ledger alone, and nothing to decide by"
    return "only in paper and live"
