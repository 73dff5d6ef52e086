"""A ticket through the service: only what was shown may be sent, and a question leaves no trace in the run."""

from pathlib import Path

import msgspec

from engine.contract.commands import (
    ArmManual,
    Command,
    CommandResult,
    ManualOrder,
    Outcome,
    QuoteTicket,
    SendTicket,
    Side,
)
from engine.link import ScreenIdentity
from tests.runtime.engine import BUY, SCREEN, Engine, engine

OTHER_SCREEN = ScreenIdentity(2, "another screen")
ORDER = ManualOrder("ticket", BUY, Side.SELL)


async def test_a_ticket_that_was_shown_may_be_sent_and_one_that_was_not_may_not(tmp_path: Path) -> None:
    async with engine(tmp_path) as run:
        await run.ready()
        written = run.run.playback.sequence
        shown = (await run.ask(QuoteTicket("q", ORDER))).quote
        assert shown is not None
        assert shown.refusal == ""
        assert run.run.playback.sequence == written, "a question is no input of the run"
        made_up = msgspec.structs.replace(shown, quantity=shown.quantity * 2)
        refused = await run.ask(SendTicket("made-up", ORDER, made_up))
        assert (refused.outcome, "just shown" in refused.text) == (Outcome.REFUSED, True)
        assert run.service.core.manager.orders.live() == ()
        sent = await run.ask(SendTicket("send", ORDER, shown))
        again = await run.ask(SendTicket("send", ORDER, shown))
        assert sent == again
        assert sent.outcome is Outcome.ACCEPTED
        (order,) = run.service.core.manager.orders.live()
        assert (order.quantity, order.price) == (shown.quantity, shown.limit)


async def other(run: Engine, command: Command) -> CommandResult:
    return await run.service.on_command(command, OTHER_SCREEN)


async def test_only_the_screen_that_armed_enters_by_hand(tmp_path: Path) -> None:
    async with engine(tmp_path) as run:
        await run.ready()
        shown = (await other(run, QuoteTicket("q", ORDER))).quote
        assert shown is not None
        assert "another screen" in shown.refusal
        for command in (ORDER, ArmManual("take over", armed=True)):
            refused = await other(run, command)
            assert (refused.outcome, "another screen" in refused.text) == (Outcome.REFUSED, True)
        assert run.service.core.manager.orders.live() == ()
        assert (await other(run, ArmManual("off", armed=False))).outcome is Outcome.ACCEPTED
        assert (await other(run, ArmManual("on", armed=True))).outcome is Outcome.ACCEPTED
        assert (await other(run, msgspec.structs.replace(ORDER, id="mine"))).outcome is Outcome.ACCEPTED


async def test_what_a_screen_armed_ends_with_it_and_with_no_other(tmp_path: Path) -> None:
    async with engine(tmp_path) as run:
        await run.ready()
        view = run.service.view_for(BUY)
        assert view is not None
        assert view.header.manual_seconds is not None
        assert 590 <= view.header.manual_seconds <= 600
        run.service.detached(OTHER_SCREEN, 1)
        await run.until(lambda: run.run.playback.updates > 150)
        assert run.service.core.manual_armed
        run.service.detached(SCREEN, 0)
        await run.until(lambda: not run.service.core.manual_armed)
