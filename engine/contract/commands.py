"""What a person may ask of the engine. Each command carries an id, so that asking twice does it once."""

from datetime import date
from enum import StrEnum

import msgspec

from engine.contract.drill_end import DrillEnd
from engine.contract.tickets import TicketQuote, TicketTerms
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side

__all__ = [
    "AdoptPosition",
    "ArmManual",
    "CancelResting",
    "Command",
    "CommandResult",
    "DeclineSignal",
    "EnterCharges",
    "ExitPosition",
    "Follow",
    "KeepDrill",
    "Kill",
    "ManualOrder",
    "MoveToBreakeven",
    "NoteTrade",
    "Outcome",
    "PauseEntries",
    "PauseReplay",
    "QuoteTicket",
    "Rearm",
    "RestOrder",
    "RunPreflight",
    "SendTicket",
    "SetReplaySpeed",
    "Side",
    "StopEngine",
    "TakeSignal",
    "TightenStop",
    "Unfollow",
]


class ManualOrder(msgspec.Struct, frozen=True, tag="order"):
    """Buy or sell the instrument: sized, stopped and gated like any setup's trade. Needs manual entry armed.

    ``stop`` is the wished trigger in paise, which is never widened; 0 has it measured.
    """

    id: str
    instrument: str
    side: Side
    stop: Paise = 0
    terms: TicketTerms = TicketTerms()


class ArmManual(msgspec.Struct, frozen=True, tag="arm"):
    """Switch manual entry on or off; off at each start and after 10 minutes without use."""

    id: str
    armed: bool


class ExitPosition(msgspec.Struct, frozen=True, tag="exit"):
    """Close one instrument, whole or its half (whole lots, rounded down)."""

    id: str
    instrument: str
    half: bool = False


class RestOrder(msgspec.Struct, frozen=True, tag="rest"):
    """Let a limit or stop-entry order rest until its price comes. Needs manual entry armed; prices in paise.

    Sized, stopped and gated like any trade; all that rests shares the risk of one.
    """

    id: str
    instrument: str
    side: Side
    price: Paise = 0
    """The limit; for a stop-entry 0 leaves it to the engine."""
    trigger: Paise = 0
    """Where a stop-entry fires; 0 for a limit order."""
    stop: Paise = 0
    """The wished trigger of its stop, never widened; 0 has it measured. Needed before 09:30."""
    good_for: Instant = 0
    """Until when it rests, on the exchange's clock; 0 is the trader's last entry."""
    terms: TicketTerms = TicketTerms()


class QuoteTicket(msgspec.Struct, frozen=True, tag="quote-ticket"):
    """Ask what would leave now for an order, and what stands against it. Changes nothing."""

    id: str
    order: ManualOrder | RestOrder


class SendTicket(msgspec.Struct, frozen=True, tag="send-ticket"):
    """Send an order as it was quoted: priced, sized and gated anew, refused where it became worse than shown."""

    id: str
    order: ManualOrder | RestOrder
    shown: TicketQuote


class CancelResting(msgspec.Struct, frozen=True, tag="cancel-resting"):
    """Take resting orders of one's own back in one instrument: the one named by its tag, or all."""

    id: str
    instrument: str
    order: str = ""


class MoveToBreakeven(msgspec.Struct, frozen=True, tag="breakeven"):
    """Tighten the stop to entry plus costs; never widens."""

    id: str
    instrument: str


class TightenStop(msgspec.Struct, frozen=True, tag="tighten"):
    """Move the stop one tick step towards the market; ``price`` in paise is the wished trigger."""

    id: str
    instrument: str
    price: Paise


class AdoptPosition(msgspec.Struct, frozen=True, tag="adopt"):
    """Put a stop under an external position and make it ours for exits, never for statistics.

    ``stop`` is the wished trigger in paise; 0 has it measured by the ATR.
    """

    id: str
    instrument: str
    stop: Paise = 0


class PauseEntries(msgspec.Struct, frozen=True, tag="pause"):
    """Stop new entries and cancel resting ones, or resume. Exits and stops are never paused."""

    id: str
    paused: bool


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """Latch, cancel, flatten, verify, repeat until the broker says flat."""

    id: str
    by: str
    reason: str = ""


class TakeSignal(msgspec.Struct, frozen=True, tag="take"):
    """Accept a signal of a setup in ``ask`` mode while its card stands; it is priced and sized anew."""

    id: str
    signal: str


class DeclineSignal(msgspec.Struct, frozen=True, tag="decline"):
    """Let a signal of a setup in ``ask`` mode go before its time is over."""

    id: str
    signal: str


class SetReplaySpeed(msgspec.Struct, frozen=True, tag="speed"):
    """Play on at one of the ``replay_speeds``. Demo and replay only."""

    id: str
    speed: int


class PauseReplay(msgspec.Struct, frozen=True, tag="pause-replay"):
    """Hold or continue the market of a demo or replay; orders in flight go on."""

    id: str
    paused: bool


class Rearm(msgspec.Struct, frozen=True, tag="rearm"):
    """Clear the kill latch; sent after a person typed the word asked for. Refused until the broker says flat."""

    id: str
    by: str


class StopEngine(msgspec.Struct, frozen=True, tag="stop"):
    """End the engine: allowed when flat, nothing live or in doubt, and no other screen attached."""

    id: str


class Follow(msgspec.Struct, frozen=True, tag="follow"):
    """Follow one more instrument: its key, symbol or alias. Paper and live only."""

    id: str
    text: str


class Unfollow(msgspec.Struct, frozen=True, tag="unfollow"):
    """Take an instrument off the watchlist; refused while something of ours is open in it. Paper and live only."""

    id: str
    instrument: str


class RunPreflight(msgspec.Struct, frozen=True, tag="preflight"):
    """Make the checks before trading again. Paper and live only."""

    id: str


class NoteTrade(msgspec.Struct, frozen=True, tag="note"):
    """Write a note and tags of the trader's to the record of one trade or signal of a run."""

    id: str
    run: str
    """Empty stands for the run under way; a shell names one."""
    subject: str
    """Id of the trade or signal."""
    text: str
    tags: tuple[str, ...] = ()


class EnterCharges(msgspec.Struct, frozen=True, tag="enter-charges"):
    """Enter the charges of a day as its contract note has them, paise: they are CONFIRMED from then on."""

    id: str
    day: date
    total: Paise
    parts: dict[str, Paise] = {}
    """By the note's own words."""
    source: str = ""
    """Name of the file they were read from."""


class KeepDrill(msgspec.Struct, frozen=True, tag="keep-drill"):
    """Keep what a kill drill measured in the account's record: microseconds from the key, None where never reached."""

    id: str
    version: str
    terminal: str
    end: DrillEnd
    positions: int
    latch: Instant | None = None
    first_bytes: Instant | None = None
    flat: Instant | None = None


Command = (
    ManualOrder
    | ArmManual
    | ExitPosition
    | MoveToBreakeven
    | TightenStop
    | RestOrder
    | CancelResting
    | QuoteTicket
    | SendTicket
    | AdoptPosition
    | PauseEntries
    | Kill
    | TakeSignal
    | DeclineSignal
    | SetReplaySpeed
    | PauseReplay
    | Rearm
    | StopEngine
    | Follow
    | Unfollow
    | RunPreflight
    | NoteTrade
    | EnterCharges
    | KeepDrill
)


class Outcome(StrEnum):
    """What became of a command at once; the deed itself shows in the views."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class CommandResult(msgspec.Struct, frozen=True):
    """The answer to one command, with a sentence for the person."""

    id: str
    outcome: Outcome
    text: str
    quote: TicketQuote | None = None
    """The answer to a ticket's question; None for every other command."""
