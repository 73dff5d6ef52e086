"""Which instruments are followed: as the day began, more that were added, without those that were put aside."""

from engine.auction.state.auctions import Auctions
from engine.contract.views import Severity
from engine.core.entries import Entries
from engine.core.event_log import EventLog
from engine.core.events import Followed
from engine.instruments.eligibility import Barred
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.orders.manager import OrderManager


class Watchlist:
    """Owns the list. An instrument that was followed once stays known: its record and its trades are the day's."""

    def __init__(
        self,
        instruments: dict[str, Instrument],
        market: Auctions,
        manager: OrderManager,
        entries: Entries,
        journal: EventLog,
    ) -> None:
        self._instruments = instruments
        self._market = market
        self._manager = manager
        self._entries = entries
        self._journal = journal
        self._put_aside: set[str] = set()

    @property
    def followed(self) -> tuple[str, ...]:
        """What is followed now, in screen order."""
        return tuple(key for key in self._instruments if key not in self._put_aside)

    def follow(self, event: Followed, now: Instant) -> None:
        """Follow an instrument from now on."""
        instrument = event.instrument
        if instrument.key not in self._instruments:
            self._market.follow(instrument, event.prior)
            self._manager.instruments[instrument.key] = instrument
            self._instruments[instrument.key] = instrument
        self._put_aside.discard(instrument.key)
        if event.judged:
            self._entries.follow(instrument)
        else:
            self._entries.unfollow(instrument.key)
        self._journal.line(Severity.INFO, f"{instrument.symbol} is followed", now)

    def unfollow(self, key: str, now: Instant) -> None:
        """Put an instrument aside; one that something of ours is open in stays."""
        if key not in self.followed or self.why_kept(key):
            return
        self._put_aside.add(key)
        self._entries.unfollow(key)
        self._journal.line(Severity.INFO, f"{self._journal.symbol(key)} is followed no more", now)

    def bar(self, event: Barred, now: Instant) -> None:
        """Enter nothing any more in what the day's lists bar, and take resting entries back; exits go on."""
        reasons = {key: why for key, why in event.reasons.items() if key in self._instruments}
        before, self._entries.barred = self._entries.barred, reasons
        for key, why in reasons.items():
            if before.get(key) != why:
                self._journal.line(
                    Severity.WARNING, f"{self._journal.symbol(key)} is not entered any more: {why}", now
                )
        for key in before.keys() - reasons.keys():
            self._journal.line(Severity.INFO, f"{self._journal.symbol(key)} may be entered again", now)
        self._manager.cancel_entries(now, reasons)

    def why_kept(self, key: str) -> str:
        """Return why an instrument must go on being followed; empty when it need not."""
        if self._manager.portfolio.current(key) is not None or self._manager.portfolio.net(key):
            return "a position is open in it"
        if self._manager.orders.live(key):
            return "an order is live in it"
        return "" if len(self.followed) > 1 else "it is the only one"
