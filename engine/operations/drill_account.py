"""What a kill drill asks of the account: whether it may begin, whether it must end at once, and where it is kept."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.contract.commands import KeepDrill
from engine.host.liveness import EngineState, engine_state
from engine.ledger.kill_drills import FIRST_BYTES_BUDGET, FLAT_BUDGET, LATCH_BUDGET, drill_of
from engine.link import KillSender, LatchSign
from engine.market.calendar import CalendarError, load_calendar
from engine.market.clock import Instant, datetime_of
from engine.market.instrument import InstrumentClass
from engine.market.session import Phase, trading_day
from engine.operations.keeping import keep_told
from engine.settings.sections import ShellSections
from engine.status import latched_in_memory, read_status, was_never_used
from engine.world.directories import Home, World, WorldDirectory
from engine.world.latch_file import read_latch, wall_clock

DRILL_BUDGETS: Final = (
    ("the latch on disk", LATCH_BUDGET),
    ("the first order out", FIRST_BYTES_BUDGET),
    ("flat, verified by the exchange", FLAT_BUDGET),
)
"""What is timed from the key, and the most it may take, microseconds."""
_FLAT: Final = "FLAT"
_POLL_SECONDS: Final = 0.05
_PATIENCE: Final = 0.25


@dataclass(frozen=True, slots=True)
class KeptDrill:
    """What became of a drill: whether it was passed, its figures in words, and whether they are on disk."""

    passed: bool
    figures: str
    why_not: str
    kept: bool
    text: str


def drill_refusal(home: Home, settings: ShellSections, now: Callable[[], Instant] = wall_clock) -> str:
    """Return why no drill may begin now; empty where it may. May ask the broker.

    A person who drills must never stand before an account that could need the real kill.
    """
    account = home.world(World.ACCOUNT)
    if read_latch(account.latch) is not None or latched_in_memory(account):
        return "no drill now: the account's kill latch is set; `cockpit status` says why, `cockpit rearm` clears it"
    if refusal := open_market(home, settings, now()):
        return refusal
    if was_never_used(account) and engine_state(account) is EngineState.NONE:
        return ""
    status, problem = read_status(account, settings)
    phase = status["phase"]
    if status["engine"] != EngineState.NONE.value and phase not in (None, Phase.CLOSED.value):
        return _of_open_market(f"the account's market is in {phase}")
    book = status["book"]
    state = book["state"] if isinstance(book, dict) else "UNKNOWN"
    if state == _FLAT:
        return ""
    why = f" ({problem})" if problem else ""
    if state == "OPEN":
        return "no drill now: the account has positions or orders open; the kill on this terminal must stay theirs"
    return f"no drill now: expected an account that is known to be flat, got {state}{why}"


def open_market(home: Home, settings: ShellSections, now: Instant) -> str:
    """Return why the market of an account by the wall's clock forbids a drill; empty while it is closed."""
    if settings.session.clock == "feed":
        # Its market's hours are a recording's; its engine tells them.
        return ""
    moment = datetime_of(now)
    try:
        day = trading_day(moment.date(), settings.session, load_calendar(home.root))
    except CalendarError:
        return ""
    phases = {day.phase(kind, now) for kind in InstrumentClass} - {Phase.CLOSED}
    return _of_open_market(f"the market is open, it is {moment:%H:%M} IST") if phases else ""


def _of_open_market(what: str) -> str:
    return f"no drill now: {what}; a drill is done before the open or after the close, and until then it is missing"


def keep_drill(home: Home, command: KeepDrill) -> KeptDrill:
    """Keep a drill in the account's record, and return what it came to; raises DeskError."""
    drill = drill_of(command, wall_clock())
    kept, text = keep_told(home.world(World.ACCOUNT), command)
    return KeptDrill(drill.passed, drill.figures, drill.why_not, kept, text)


class AccountWatch:
    """Looks, in its own thread, at whether the account is killed or its market opens while a drill is under way."""

    def __init__(self, home: Home, settings: ShellSections, now: Callable[[], Instant] = wall_clock) -> None:
        self._home = home
        self._settings = settings
        self._now = now
        self._account: WorldDirectory = home.world(World.ACCOUNT)
        self._sender = KillSender(self._account, patience=_PATIENCE)
        self._ended = threading.Event()
        self.real_kill = False
        """Whether the account was killed: the drill gives way at once."""
        self.market_opens = ""
        """Why the drill must end though nobody killed; empty while it may go on."""
        self._thread = threading.Thread(target=self._watch, name="account-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watching."""
        self._ended.set()
        self._thread.join()
        self._sender.close()

    def _watch(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            if self._is_latched():
                self.real_kill = True
                return
            self.market_opens = self.market_opens or open_market(self._home, self._settings, self._now())

    def _is_latched(self) -> bool:
        if read_latch(self._account.latch) is not None:
            return True
        answer = self._sender.status() if self._account.lock.exists() else None
        return answer is not None and answer.latch is not LatchSign.CLEAR
