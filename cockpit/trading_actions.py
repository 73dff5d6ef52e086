"""What the trading keys ask of the engine: each is one wish, sent once, and answered on the screen."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import App

from cockpit.state import requests
from cockpit.state.model import Model
from engine.contract.commands import Command, QuoteTicket, SendTicket, Side
from engine.contract.views import Severity

if TYPE_CHECKING:
    from textual.driver import Driver


class TradingActions(App[None]):
    """The app's trading keys; ``show`` shows at once what one has changed.

    ``now`` and ``new_id`` are injected, so that a test tells the time.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
        show: Callable[[], None],
        driver_class: "type[Driver] | None" = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.model = Model(heard_at=now())
        self.now = now
        self._new_id = new_id
        self._show = show
        self._outbox: asyncio.Queue[Command | str] = asyncio.Queue()

    def _ask(self, command: Command, asked: str) -> None:
        self.model.asked[command.id] = asked
        self.model.say(f"{asked} …", Severity.INFO, self.now())
        self._outbox.put_nowait(command)
        self._show()

    def _wish(self, wish: requests.Wish | str) -> None:
        if isinstance(wish, str):
            self._tell(wish)
        else:
            self._ask(wish.command, wish.name)

    def _tell(self, text: str) -> None:
        self.model.say(text, Severity.INFO, self.now())
        self._show()

    def action_flatten(self) -> None:
        """Close the selected instrument's position, as named in the footer when the key was pressed."""
        self._wish(requests.flatten(self.model, self._new_id()))

    def action_pause_entries(self) -> None:
        """Pause new entries, or resume them."""
        self._wish(requests.pause_entries(self.model, self._new_id()))

    def action_take_signal(self) -> None:
        """Take the newest signal that waits."""
        self._wish(requests.take_signal(self.model, self._new_id()))

    def action_decline_signal(self) -> None:
        """Let the newest signal that waits go."""
        self._wish(requests.decline_signal(self.model, self._new_id()))

    def action_arm_manual(self) -> None:
        """Arm or disarm the trader's own entries."""
        self._wish(requests.arm_manual(self.model, self._new_id()))

    def action_buy(self) -> None:
        """Open a ticket to buy the selected instrument."""
        self._open_ticket(Side.BUY)

    def action_sell(self) -> None:
        """Open a ticket to sell the selected instrument short."""
        self._open_ticket(Side.SELL)

    def _open_ticket(self, side: Side) -> None:
        from cockpit.screens.ticket import TicketDialog

        ticket = requests.ticket(self.model, side, self.now())
        if isinstance(ticket, str):
            self._tell(ticket)
            return
        self.model.ticket = ticket
        self.tend_ticket()
        dialog = TicketDialog(
            ticket, now=self.now, ask=self.tend_ticket, send=self._send_ticket, left=self._leave_ticket
        )
        self.push_screen(dialog)

    def tend_ticket(self) -> None:
        """Ask the engine what would leave now for the ticket that is open, as often as it may have changed."""
        ticket = self.model.ticket
        if ticket is not None and self.model.ended is None and ticket.due(self.now()):
            name = self._new_id()
            self._outbox.put_nowait(QuoteTicket(name, ticket.ask(name, self.now())))

    def _send_ticket(self) -> None:
        ticket = self.model.ticket
        if ticket is None or ticket.why_not(self.now()) or ticket.painted is None:
            return
        order, shown = ticket.painted
        ticket.sent = self._new_id()
        self._ask(SendTicket(ticket.sent, order, shown), f"{ticket.side.lower()} {ticket.symbol}")

    def _leave_ticket(self) -> None:
        self.model.ticket = None

    def action_exit_half(self) -> None:
        """Close half of the selected position."""
        self._wish(requests.exit_half(self.model, self._new_id()))

    def action_breakeven(self) -> None:
        """Move the selected position's stop to entry plus costs."""
        self._wish(requests.breakeven(self.model, self._new_id()))

    def action_adopt(self) -> None:
        """Put a stop under the selected external position."""
        self._wish(requests.adopt(self.model, self._new_id()))

    def action_tighten(self) -> None:
        """Move the selected position's stop one tick closer to the market."""
        self._wish(requests.tighten(self.model, self._new_id()))

    def action_note(self) -> None:
        """Ask for a note to the selected instrument's newest trade."""
        from cockpit.screens.note_dialog import NoteDialog

        trade = requests.notable(self.model)
        if isinstance(trade, str):
            self._tell(trade)
            return

        def written(text: str | None) -> None:
            if text:
                self._wish(requests.note(self._new_id(), trade, text))

        self.push_screen(NoteDialog(trade.told), written)

    def action_pause_replay(self) -> None:
        """Hold or continue the market of a demo or replay."""
        self._wish(requests.pause_replay(self.model, self._new_id()))

    def action_slower(self) -> None:
        """Play slower."""
        self._wish(requests.change_speed(self.model, self._new_id(), -1))

    def action_faster(self) -> None:
        """Play faster."""
        self._wish(requests.change_speed(self.model, self._new_id(), 1))
