"""A paper book whose run the ledger does not know: the ledger was moved away, or is an older copy of itself.

The exchange's own file is the broker here, so what it holds is never dropped: today's book is taken over like a
broker's, with what the day has already cost; an earlier day's is squared off, as a broker does with what is intraday.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.brokers.cursor_file import ExchangeError
from engine.brokers.paper.exchange import PaperExchange
from engine.brokers.paper.exchange_file import standing_book
from engine.core import DayState
from engine.ledger.reader import LedgerReader
from engine.market.clock import Instant
from engine.market.figures import rupees, signed_rupees, signed_units
from engine.market.price import Paise, amount_of
from engine.risk.day_result import DayResult
from engine.risk.limits import open_day, wished_limits
from engine.risk.marks import MarkState
from engine.runtime.live.day_setup import Opener
from engine.runtime.run import RunError
from engine.settings.sections import PaperBookSections


@dataclass(frozen=True, slots=True)
class StrangeBook:
    """What stands in the exchange's file, as its own fills have it. Money in paise."""

    run: str
    day: date
    flat: bool
    realised: Paise
    """Gross result of what was closed."""
    charges: Paise

    @property
    def note(self) -> str:
        """What a person must know of a book that is taken over."""
        held = "nothing of it is open" if self.flat else "what is open is taken over as outside positions"
        return (
            f"the ledger knows nothing of the run {self.run}, whose paper book stands: {held}, and what the day has "
            f"realised counts on ({signed_rupees(self.realised)}, charges {rupees(self.charges)})"
        )

    def day_state(self, earlier: DayState | None, settings: PaperBookSections, now: Instant) -> DayState:
        """Return where the day stands with this book counted; a booked loss trips at once."""
        account = amount_of(settings.account.capital)
        wished = wished_limits(settings.risk)
        limits = open_day(self.day, account, wished, None if earlier is None else earlier.limits)
        realised = self.realised + (0 if earlier is None else earlier.realised)
        charges = self.charges + (0 if earlier is None else earlier.charges)
        booked = DayResult(realised, 0, charges, 0, MarkState.LIVE, 0)
        return DayState(
            limits.observed(booked, now), realised, charges, None if earlier is None else earlier.latch
        )


def strange_book(
    path: Path, ledger: LedgerReader, opener: Opener, settings: PaperBookSections
) -> StrangeBook | None:
    """Return the book in the exchange's file if the ledger does not know its run; None where there is no such book.

    Raises RunError where it cannot be read, or is open in what neither the file nor the watchlist knows.
    """
    try:
        book = standing_book(path)
        if book is None or not book.orders or ledger.run(book.cursor.run) is not None:
            return None
        exchange = PaperExchange.open(path, {}, opener.trading_day(book.day), settings.paper, read_only=True)
    except ExchangeError as error:
        raise RunError(str(error)) from error
    try:
        if exchange.unnamed:
            raise RunError(
                f"{path}: the ledger does not know the run {book.cursor.run}, whose paper book is open in "
                f"{', '.join(exchange.unnamed)}, and an earlier version wrote the file without their terms; put a copy "
                f"of {ledger.path} back, or move {path} away too: what is open in it is forgotten then"
            )
        return StrangeBook(book.cursor.run, book.day, exchange.flat, exchange.realised, exchange.charges)
    finally:
        exchange.close()


def square_off(path: Path, book: StrangeBook, opener: Opener, settings: PaperBookSections) -> str:
    """Close an earlier day's book against what its file last saw; return what a person must know of it."""
    try:
        exchange = PaperExchange.open(path, {}, opener.trading_day(book.day), settings.paper)
    except ExchangeError as error:
        raise RunError(str(error)) from error
    try:
        report = exchange.flatten_standing(exchange.cursor.now)
    except ExchangeError as error:
        raise RunError(str(error)) from error
    finally:
        exchange.close()
    closed = (
        ", ".join(f"{one.instrument} {signed_units(one.quantity)}" for one in report.closed)
        or "its orders alone"
    )
    return (
        f"the ledger knows nothing of the run {book.run} of {book.day:%d %B %Y}, whose paper book stood open: it was "
        f"squared off against its last book (STALE): {closed}"
    )
