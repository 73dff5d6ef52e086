"""What goes into core and what comes out of it."""

from typing import Final

import msgspec

from engine.auction.values.levels import PriorLevels
from engine.contract.commands import Command, CommandResult
from engine.contract.views import AlarmRank
from engine.instruments.eligibility import Barred
from engine.market.circuits import Circuits
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed, MissedMinutes
from engine.market.update import MarketUpdate
from engine.orders.kill import Latch
from engine.orders.ledger_facts import Record
from engine.orders.messages import BrokerEvent, Request
from engine.risk.entry_brakes import Brakes
from engine.risk.limits import DayLimits
from engine.risk.wishes import Wishes
from engine.rollout.live_stages import LiveStages

SIMULATED: Final = "simulated"
REPLAY: Final = "replay"
PAPER: Final = "paper"
LIVE: Final = "live"
WORLDS: Final = (SIMULATED, REPLAY, PAPER, LIVE)


class Wake(msgspec.Struct, frozen=True, tag="wake"):
    """The instant core asked for has come."""


class Latched(msgspec.Struct, frozen=True, tag="latched"):
    """The kill latch was set outside core: by the kill's own line, another shell, or an earlier life."""

    by: str
    reason: str
    id: str = ""


class Rearmed(msgspec.Struct, frozen=True, tag="rearmed"):
    """A person cleared the kill latch, after whoever serves the command proved the account flat."""

    by: str


class Attended(msgspec.Struct, frozen=True, tag="attended"):
    """Whether at least one screen is attached."""

    attended: bool
    reachable: bool = True
    """Whether one can come; False in a run that no person can reach."""


class Resumed(msgspec.Struct, frozen=True, tag="resumed"):
    """The engine is back after a death, or begins on an account: what the broker holds may differ from what we know."""

    run: str
    begins: bool = False
    """Whether it is a new run on what the account holds."""


class FeedEnded(msgspec.Struct, frozen=True, tag="feed-ended"):
    """The market has no more updates: open positions stay open, marked, and nothing is entered."""


class Studying(msgspec.Struct, frozen=True, tag="studying"):
    """While on, updates feed the studies only: the skipped part of a replay. No signal becomes an entry."""

    on: bool


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """Something around the core that a person must read: the feed lost or back, a recorder that stopped."""

    severity: str
    """info, good, warning or alarm."""
    text: str
    rank: AlarmRank | None = None
    """How an alarm ranks among others; None leaves it to its severity."""


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    """The checks before trading were made: entries stay paused for ``reason`` until a later one says go."""

    reason: str
    """Why not; empty says go."""
    awaited: bool = False
    """Nothing has said no yet: ``reason`` is what is waited for."""


class Halted(msgspec.Struct, frozen=True, tag="halted"):
    """The exchange stopped trading against its own schedule, or, with an empty reason, goes on."""

    reason: str
    kinds: tuple[InstrumentClass, ...] = ()
    """Whose trading stopped; none named is all."""
    heard: bool = True
    """Whether the feed that told it is still there to tell of the end."""


class Wished(msgspec.Struct, frozen=True, tag="wished"):
    """A day that already runs was begun again with settings: what is tighter in them counts from now on."""

    wishes: Wishes
    kept: Wishes | None = None
    """What was written down as in force last, though the run's own place may lie before it."""
    others: tuple[str, ...] = ()
    """What else the settings ask for and when it counts, in words."""


class AuctionReferences(msgspec.Struct, frozen=True, tag="auction-references"):
    """The exchange told the reference prices of its closing auction: paise, by instrument."""

    prices: dict[str, Paise]


class Quoted(msgspec.Struct, frozen=True, tag="quoted"):
    """One round of the broker's quotes of what others hold on the account and nobody subscribed to."""

    prices: dict[str, Paise]
    """Instrument to the middle of its book, else its last price, paise."""


class Followed(msgspec.Struct, frozen=True, tag="followed"):
    """One more instrument is followed from now on, with what earlier sessions left of it."""

    instrument: Instrument
    prior: PriorLevels | None = None
    judged: bool = True
    """Whether setups may trade it: not what is followed only because the account holds it."""


class Unfollowed(msgspec.Struct, frozen=True, tag="unfollowed"):
    """An instrument is followed no more."""

    instrument: str


class CommandAnswer(msgspec.Struct, frozen=True, tag="answer"):
    """The result of one command."""

    result: CommandResult


class LatchChanged(msgspec.Struct, frozen=True, tag="latch-changed"):
    """The kill latch was set or went from one state to the next: to be made durable by whoever keeps it."""

    state: str
    """KILLING, STUCK or FLAT."""
    by: str
    reason: str
    command: str
    """Id of the command that set it."""
    detail: str = ""
    """What holds it up in the words of the plights; empty when nothing does."""
    answers: tuple[str, ...] = ()
    """Ids of all kills that the state answers: FLAT is proven by reads of the broker that began after each."""


class DayState(msgspec.Struct, frozen=True):
    """What a restart on the same day must know when the day is not executed again: paper and live."""

    limits: DayLimits
    realised: Paise
    """Gross result of closed trades, paise."""
    charges: Paise
    """Charges of executed orders, paise."""
    latch: Latch | None = None
    wishes: Wishes | None = None
    """What was in force of what a person may tighten within the day; None where an earlier version wrote it."""
    brakes: Brakes = Brakes()


Condition = (
    Wake
    | InstrumentSeed
    | MissedMinutes
    | Barred
    | Circuits
    | Latched
    | Rearmed
    | Attended
    | Resumed
    | FeedEnded
    | Studying
    | Noted
    | Checked
    | Halted
    | Wished
    | AuctionReferences
    | Quoted
    | Followed
    | Unfollowed
    | LiveStages
)
"""What the runtime tells besides the market, a person's commands and the broker's messages."""
Event = MarketUpdate | BrokerEvent | Command | Condition
Effect = Request | Record | CommandAnswer | LatchChanged
