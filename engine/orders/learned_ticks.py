"""What a refusal tells of the exchange's terms: a tick coarser than the list of instruments says."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.ticks import TICKS
from engine.orders.news import InstrumentMarket, Look

_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def coarser_tick(refusal: str, known: Paise) -> Paise | None:
    """Return the tick that a refusal speaks of, paise; None when it does not speak of ticks.

    Brokers word it freely. Where the last number is no tick of the exchange the next coarser one is tried: a price on
    it lies on the finer one, too. Source: NSE error 16283, `tick_size` changes with an instrument's price.
    """
    if "tick" not in refusal.lower():
        return None
    coarser = [tick for tick in reversed(TICKS) if tick > known and tick % known == 0]
    numbers = _NUMBER.findall(refusal)
    told = round(float(numbers[-1]) * 100) if numbers else 0
    if told in TICKS:
        return told if told in coarser else None
    return next(iter(coarser), None)


def with_learned_ticks(look: Look, instruments: Mapping[str, Instrument]) -> Look:
    """Return a look at the market in which an instrument has the coarser tick that a refusal has told."""

    def look_again(instrument: str, now: Instant) -> InstrumentMarket:
        sight, known = look(instrument, now), instruments.get(instrument)
        if known is None or known.tick <= sight.instrument.tick:
            return sight
        return replace(sight, instrument=replace(sight.instrument, tick=known.tick))

    return look_again
