"""What every market of one day tells of itself, wherever its updates come from."""

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from types import MappingProxyType

from engine.auction.values.levels import PriorLevels
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed


class DayFeed:
    """The day, what is traded on it, and what came before its first update; a market sets them as it is made."""

    _day: date
    _instruments: Mapping[str, Instrument]
    _seeds: tuple[InstrumentSeed, ...] = ()
    _prior: Mapping[str, PriorLevels] = MappingProxyType({})

    @property
    def day(self) -> date:
        """The trading date."""
        return self._day

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What is traded, in watchlist order; what was added later comes last."""
        return self._instruments

    @property
    def seeds(self) -> tuple[InstrumentSeed, ...]:
        """The session's past before the first update; empty where the market knows none."""
        return self._seeds

    @property
    def prior(self) -> Mapping[str, PriorLevels]:
        """What earlier sessions left, by instrument; empty where the market knows none."""
        return self._prior


def identity_of(digests: Iterable[str], instruments: Mapping[str, Instrument]) -> str:
    """Return a digest of recorded files, by theirs, and of the ticks and lots they are read with."""
    digest = sha256()
    for one in digests:
        digest.update(f"{one}\n".encode())
    for key in sorted(instruments):
        instrument = instruments[key]
        digest.update(f"{key} {instrument.kind} {instrument.tick} {instrument.lot}\n".encode())
    return digest.hexdigest()
