"""What is known of instruments and of an exchange's hours without asking the broker: for a closing from a shell."""

from functools import cached_property

from engine.instruments.directory import Directory
from engine.market.calendar import CalendarError, Phase
from engine.market.clock import Instant, trading_date
from engine.market.instrument import Instrument, InstrumentClass
from engine.status.live import BrokerReach
from engine.status.run_records import schedule
from engine.upstox.reference.file_state import FileError
from engine.upstox.reference.instrument_files import InstrumentFiles
from engine.world.directories import WorldDirectory
from engine.world.latch_file import wall_clock

_KINDS = {"NSE": InstrumentClass.STOCK, "NFO": InstrumentClass.INDEX_FUTURE}


class InstrumentTerms:
    """Instruments by key: those of the run, else those of the master that the home keeps. One thread at a time."""

    def __init__(self, directory: WorldDirectory, reach: BrokerReach) -> None:
        self._directory = directory
        self._settings = reach.settings
        self._of_run = {} if reach.plan is None else reach.plan.by_key

    def of(self, key: str) -> Instrument | None:
        """Return tick, lot and freeze quantity of an instrument; None where neither names it."""
        known = self._of_run.get(key)
        if known is not None:
            return known
        listing = self._kept.by_key.get(key)
        return None if listing is None else listing.instrument

    def open_by_calendar(self, exchange: str, now: Instant) -> bool:
        """Say whether an exchange trades at an instant by our own calendar; no for one that it does not know."""
        kind = _KINDS.get(exchange)
        if kind is None:
            return False
        try:
            day = schedule(self._directory, trading_date(now), self._settings.session)
        except CalendarError:
            return False
        return day.phase(kind, now) is Phase.CONTINUOUS

    @cached_property
    def _kept(self) -> Directory:
        """The master of the home; empty where there is none. Read only when the run does not name a key."""
        files = InstrumentFiles(self._directory.path.parent, self._settings.upstox.assets_url)
        try:
            return files.load(wall_clock()).directory
        except FileError:
            return Directory(())


def terms_of(directory: WorldDirectory, reach: BrokerReach) -> InstrumentTerms:
    """Return what a world's files know of instruments and hours."""
    return InstrumentTerms(directory, reach)
