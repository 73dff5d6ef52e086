"""A ticket through the service: only what was shown may be sent, and a question leaves no trace in the run."""

from pathlib import Path

import msgspec

from engine.contract.commands import ManualOrder, Outcome, QuoteTicket, SendTicket, Side
from tests.runtime.engine import BUY, engine

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
