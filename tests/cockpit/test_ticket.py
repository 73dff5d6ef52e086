"""The ticket on the screen: what is painted is what Enter sends, once, and nothing else leaves."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from cockpit.state.ticket import STANDS_FOR
from engine.contract.commands import (
    Command,
    CommandResult,
    Kill,
    ManualOrder,
    Outcome,
    QuoteTicket,
    RestOrder,
    SendTicket,
    Side,
)
from engine.contract.tickets import TicketQuote
from engine.risk.terms import AllowanceTerm, SizedStop, StopTerm
from tests.cockpit.pictures import picture
from tests.cockpit.scripted import Desk

MERIDIAN = "NSE_EQ|MERIDIAN"
SIZED = SizedStop(
    distance=1_500,
    terms=((StopTerm.ATR, 1_500), (StopTerm.SPREAD, 200), (StopTerm.CHARGES, 410)),
    term=StopTerm.ATR,
    trigger=151_200,
    limit=148_200,
    allowance=375,
    allowed_by=AllowanceTerm.DISTANCE,
    lots=120,
    quantity=120,
    budget=250_000,
    risk=225_000,
    gap=560_000,
    charges=12_000,
    cap="risk per trade",
)
QUOTE = TicketQuote("", 120, 120, 152_700, 0, SIZED, 0.9, margin=3_664_800)


@dataclass
class Said:
    """An engine that answers every question with what it was told to."""

    quote: TicketQuote = QUOTE
    asked: list[ManualOrder | RestOrder] = field(default_factory=list)
    sent: list[SendTicket] = field(default_factory=list)

    def __call__(self, command: Command) -> CommandResult | None:
        if isinstance(command, QuoteTicket):
            self.asked.append(command.order)
            return CommandResult(command.id, Outcome.ACCEPTED, "", self.quote)
        if isinstance(command, SendTicket):
            self.sent.append(command)
            return CommandResult(command.id, Outcome.ACCEPTED, "BUY 120 MERIDIAN sent")
        return None


@dataclass
class Open:
    """A desk with its ticket open and the engine behind it."""

    desk: Desk
    pilot: Pilot[None]
    said: Said

    @property
    def text(self) -> str:
        return str(self.desk.app.screen.query_one("#ticket", Static).render())

    async def wait(self, seconds: float) -> None:
        """Let time go by, and what is said meanwhile be painted."""
        self.desk.clock.seconds += seconds
        self.desk.app.tend_ticket()
        await self.desk.settle(self.pilot)
        await self.desk.settle(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.desk.settle(self.pilot)
        await self.desk.settle(self.pilot)


@asynccontextmanager
async def opened(key: str = "b", size: tuple[int, int] = (160, 45)) -> AsyncIterator[Open]:
    desk, said = Desk(picture()), Said()
    desk.line.answer = said
    async with desk.app.run_test(size=size) as pilot:
        at = Open(desk, pilot, said)
        await desk.settle(pilot)
        await at.press(key)
        yield at


async def test_a_ticket_opens_at_the_last_price_and_shows_what_the_engine_says_of_it() -> None:
    async with opened() as at:
        (order,) = at.said.asked
        row = next(row for row in picture().watchlist if row.key == MERIDIAN)
        assert isinstance(order, RestOrder)
        assert (order.instrument, order.side, order.price or order.trigger) == (MERIDIAN, Side.BUY, row.last)
        for words in (
            "BUY MERIDIAN",
            "BUY 120 at 1,527.00",
            "stop 1,512.00 by ATR, its limit 1,482.00",
            "ATR 15.00, spread 2.00, charges 4.10",
            "risk 2,250.00 (0.90 %), gap risk 5,600.00",
            "charges 120.00, margin 36,648.00",
        ):
            assert words in at.text
        assert at.said.sent == []


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_enter_sends_what_is_painted_once_however_long_it_is_held(size: tuple[int, int]) -> None:
    async with opened(size=size) as at:
        await at.wait(STANDS_FOR)
        assert "would pass" in at.text
        await at.press(*["enter"] * 60)
        (sent,) = at.said.sent
        assert (sent.order, sent.shown) == (at.said.asked[-1], QUOTE)
        assert "SENT: BUY 120 MERIDIAN sent" in at.text
        assert [one for one in at.desk.line.sent if not isinstance(one, QuoteTicket | SendTicket)] == []


async def test_escape_never_sends_and_the_keys_of_the_trade_screen_are_dead_under_it() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        await at.press("s", "b", "F", "x", "h", "e", "t", "m", "A", "p", "ctrl+j", "B", "R", "Y")
        await at.press("escape")
        assert at.said.sent == []
        assert all(isinstance(one, QuoteTicket) for one in at.desk.line.sent)
        assert at.desk.app.model.ticket is None


async def test_enter_at_the_moment_it_opens_sends_nothing() -> None:
    async with opened() as at:
        await at.press("enter")
        assert at.said.sent == []
        assert "changed this moment" in at.text


async def test_a_word_that_changes_under_the_finger_is_read_before_it_is_sent() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        at.said.quote = msgspec.structs.replace(QUOTE, refusal="entries are paused: by you (PAUSED)")
        await at.wait(STANDS_FOR)
        await at.press("enter")
        assert "not sendable: entries are paused" in at.text
        at.said.quote = QUOTE
        await at.wait(STANDS_FOR)
        await at.press("enter")
        assert at.said.sent == []
        await at.wait(STANDS_FOR)
        await at.press("enter")
        assert len(at.said.sent) == 1


async def test_a_figure_that_follows_the_market_is_sent_as_it_stands_on_the_screen() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        at.said.quote = msgspec.structs.replace(QUOTE, quantity=119)
        await at.wait(STANDS_FOR)
        assert "BUY 119" in at.text
        await at.press("enter")
        assert [one.shown.quantity for one in at.said.sent] == [119]


async def test_an_engine_that_is_silent_is_sent_nothing() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        at.desk.line.answer = lambda _: None
        await at.wait(3)
        await at.press("enter")
        assert "the engine is silent" in at.text
        assert not any(isinstance(one, SendTicket) for one in at.desk.line.sent)


async def test_a_kill_over_the_ticket_kills() -> None:
    async with opened() as at:
        await at.press("ctrl+k")
        assert any(isinstance(one, Kill) for one in at.desk.line.sent)
        assert at.desk.switch.kills


CHANGES: list[tuple[list[str], Callable[[ManualOrder | RestOrder], object], object]] = [
    (["y", "y"], lambda one: isinstance(one, ManualOrder), True),
    (["r"], lambda one: one.terms.share, 25),
    (["r", "r"], lambda one: one.terms.share, 50),
    (["r", "r", "r"], lambda one: one.terms.share, 100),
    (["tab", "5", "0", "tab"], lambda one: one.terms.lots, 50),
    (["tab", "down"], lambda one: one.terms.lots, 119),
    (["tab", "tab", "u"], lambda one: one.stop % 10, 0),
    (["tab", "tab", "u", "u", "2", "5", "tab"], lambda one: one.terms.stop_ticks, 25),
    (["tab", "tab", "u", "u", "u"], lambda one: one.terms.stop_atr, 20),
    (["tab", "tab", "1", "5", "1", "0", "full_stop", "5", "tab"], lambda one: one.stop, 151_050),
    (["tab", "tab", "tab", "u"], lambda one: one.terms.target_1.tenths, 20),
    (["tab", "tab", "tab", "u", "up"], lambda one: one.terms.target_1.tenths, 21),
    (["tab", "tab", "tab", "2", "full_stop", "5", "tab"], lambda one: one.terms.target_1.tenths, 25),
    (["tab", "tab", "tab", "tab", "u"], lambda one: one.terms.target_2.tenths, 40),
]


async def test_keys_change_the_order_and_the_engine_is_asked_of_it_at_once() -> None:
    async with opened() as at:
        for keys, told, expected in CHANGES:
            await at.press("escape", "b", *keys)
            assert told(at.said.asked[-1]) == expected, keys
            await at.press("enter")
            assert at.said.sent == [], "it changed this moment"


async def test_arrows_move_the_price_by_ticks_and_shift_by_ten() -> None:
    async with opened() as at:
        first = at.said.asked[0]
        assert isinstance(first, RestOrder)
        tick = next(row.tick for row in picture().watchlist if row.key == MERIDIAN)
        await at.press("down", "shift+down", "up")
        last = at.said.asked[-1]
        assert isinstance(last, RestOrder)
        assert (last.price or last.trigger) == (first.price or first.trigger) - 10 * tick


async def test_what_is_typed_and_not_taken_is_not_sent() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        await at.press("9")
        await at.wait(STANDS_FOR)
        await at.press("enter")
        assert "something is typed" in at.text
        assert at.said.sent == []


async def test_a_paste_changes_and_sends_nothing() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        at.desk.app.screen.post_message(events.Paste("999\r\n"))
        await at.desk.settle(at.pilot)
        assert at.said.sent == []
        assert set(at.said.asked) == {at.said.asked[0]}


async def test_a_window_that_comes_back_is_read_before_enter_counts() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        at.desk.app.app_focus = False
        at.desk.app.app_focus = True
        await at.desk.settle(at.pilot)
        await at.press("enter")
        assert at.said.sent == []


async def test_a_window_too_small_to_show_it_sends_nothing() -> None:
    async with opened() as at:
        await at.wait(STANDS_FOR)
        await at.pilot.resize_terminal(80, 12)
        await at.wait(STANDS_FOR)
        await at.press("enter")
        assert at.said.sent == []
