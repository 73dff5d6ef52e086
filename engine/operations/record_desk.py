"""What the record tells of trades and days, and what a person adds to it: why, note, charges, a trade's session."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from engine.contract.commands import EnterCharges, NoteTrade
from engine.ledger.by_a_person import (
    checked_tags,
    checked_text,
    confirmed_charges,
    estimated_charges,
)
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.clock import MINUTE, datetime_of
from engine.market.figures import rupees, signed_rupees
from engine.operations.contract_note import read_charges
from engine.operations.errors import DeskError
from engine.operations.keeping import keep_told
from engine.operations.market_choice import WorldChoice
from engine.operations.world_choice import used_worlds
from engine.story.finding import UnknownStoryError, find_story
from engine.story.plain_values import story_values
from engine.story.tree import TradeStory
from engine.story.words import describe_story
from engine.system.errors import ErrorKind
from engine.world.directories import World, WorldDirectory

if TYPE_CHECKING:
    from engine.operations.desk import Desk

_LIVE: Final = "live"


class ToldStory:
    """A story on its way out: as lines or as plain values."""

    def __init__(self, story: TradeStory) -> None:
        self._story = story

    def describe(self, width: int) -> list[str]:
        """Return it as lines of text, 80 columns at the least."""
        return describe_story(self._story, width)

    def to_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return story_values(self._story)


class RecordDesk:
    """The commands on the record of a home. Each raises DeskError: refused where there is no such thing."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    def story(self, text: str, world: str | None) -> ToldStory:
        """Return the story of the trade or signal that a person means."""
        return ToldStory(self._find(text, world)[1])

    def note(self, text: str, words: str, tags: list[str], world: str | None) -> tuple[bool, str]:
        """Keep a note; return (whether it is on disk, what happened)."""
        try:
            shown, checked = checked_text(words), checked_tags(tags)
        except ValueError as error:
            raise DeskError(str(error)) from error
        directory, story = self._find(text, world)
        return keep_told(directory, NoteTrade(f"note-{uuid4()}", story.run, story.id, shown, checked))

    def charges_of(self, day: date) -> str:
        """Return a day's charges as estimated and as its contract note has them."""
        directory = self._desk.home.world(World.ACCOUNT)
        with _reading(directory) as ledger:
            _require_live_day(ledger, day)
            estimated, confirmed = estimated_charges(ledger, day), confirmed_charges(ledger, day)
        told = f"{day.isoformat()}: {rupees(estimated)} ESTIMATED over the day's live trades"
        if confirmed is None:
            return f"{told}; no contract note is entered"
        off = signed_rupees(confirmed.total - estimated)
        lines = [f"{told}; {rupees(confirmed.total)} CONFIRMED by its contract note ({off})"]
        lines += [f"  {words}  {rupees(amount)}" for words, amount in confirmed.parts.items()]
        return "\n".join(lines)

    def enter_charges(self, day: date, given: str) -> tuple[bool, str]:
        """Enter the charges of a day, a sum or a file of them; return (whether they are on disk, what happened)."""
        total, parts, source = read_charges(given)
        directory = self._desk.home.world(World.ACCOUNT)
        with _reading(directory) as ledger:
            _require_live_day(ledger, day)
        kept, text = keep_told(directory, EnterCharges(f"charges-{uuid4()}", day, total, parts, source))
        return kept, self.charges_of(day) if kept else text

    def session_of(self, text: str, world: str | None, speed: int) -> WorldChoice:
        """Return the recorded session of a trade or signal, held a minute before its setup spoke."""
        from engine.runtime.live.recording_place import parts_of
        from engine.runtime.plan import RunMode
        from engine.runtime.run import RunError, read_plan

        directory, story = self._find(text, world)
        spoke = story.trade.signalled if story.trade is not None else 0
        spoke = spoke if story.signal is None else story.signal.first.time
        with _reading(directory) as ledger:
            run = ledger.run(story.run)
        try:
            plan = None if run is None else read_plan(run)
        except RunError as error:
            raise DeskError(str(error), ErrorKind.REFUSED) from error
        if plan is None or plan.choice.market is RunMode.SIMULATED:
            raise DeskError(
                f"{story.id}: expected a recorded session, got a simulated one, which is kept nowhere; "
                "`cockpit demo` makes its day anew",
                ErrorKind.REFUSED,
            )
        if plan.choice.market is RunMode.REPLAY:
            files = tuple(Path(name) for name in plan.choice.files)
        else:
            files = tuple(parts_of(self._desk.home, plan.day, plan.run))
            if not files:
                place = self._desk.home.recordings / plan.day.isoformat()
                raise DeskError(
                    f"{place}: expected the recording of run {plan.run}, got none; they are kept for "
                    "recorder.keep_days",
                    ErrorKind.REFUSED,
                )
        master = None if plan.choice.instruments is None else Path(plan.choice.instruments)
        for path in (*files, *((master,) if master else ())):
            if not path.is_file():
                raise DeskError(
                    f"{path}: expected the recording of {story.id}, got no such file", ErrorKind.REFUSED
                )
        start = datetime_of(spoke - MINUTE).strftime("%H:%M:%S")
        return WorldChoice(
            World.REPLAY.value,
            files,
            master,
            start,
            speed,
            held=True,
            shows=story.instrument,
        )

    def _find(self, text: str, world: str | None) -> tuple[WorldDirectory, TradeStory]:
        home = self._desk.home
        directories = used_worlds(home) if world is None else [home.world(World(world))]
        reasons = []
        for directory in directories:
            if not directory.ledger.exists():
                continue
            try:
                with LedgerReader(directory.ledger) as ledger:
                    return directory, find_story(ledger, text)
            except UnknownStoryError as error:
                reasons.append(f"{directory.world.value}: {error}")
                if error.ambiguous:
                    break
            except LedgerError as error:
                # What it would have told is not known: another world's trade must not take its place.
                others = [
                    f"--world {one.world.value}"
                    for one in directories
                    if one != directory and one.ledger.exists()
                ]
                way = f"; another world's trades: {', '.join(others)}" if others else ""
                raise DeskError(f"{directory.world.value}: {error}{way}", error.kind) from error
        place = "this home" if world is None else f"the {world} world"
        raise DeskError("\n".join(reasons) or f"nothing was ever traded in {place}", ErrorKind.REFUSED)


def _reading(directory: WorldDirectory) -> LedgerReader:
    if not directory.ledger.exists():
        raise DeskError(
            f"expected a record in {directory.path}, got none: nothing was ever traded there",
            ErrorKind.REFUSED,
        )
    try:
        return LedgerReader(directory.ledger)
    except LedgerError as error:
        raise DeskError(str(error), error.kind) from error


def _require_live_day(ledger: LedgerReader, day: date) -> None:
    """Refuse a day without a live run: no broker wrote a contract note of it."""
    days = sorted({run.day for run in ledger.runs() if run.run.partition("-")[0] == _LIVE})
    if day not in days:
        newest = ", ".join(one.isoformat() for one in days[-5:]) or "none yet"
        raise DeskError(
            f"expected a day that was traded live, got {day.isoformat()}; there are: {newest}",
            ErrorKind.REFUSED,
        )
