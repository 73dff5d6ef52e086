"""Sessions of earlier days, and the levels that follow from them."""

from datetime import date, timedelta

from engine.auction.prior.history import SessionProfile, prior_levels
from engine.auction.values.context import Quality
from engine.auction.values.levels import CloseKind, PriorLevels
from tests.auction.builders import DAY, KEY

FRIDAY = date(2025, 12, 12)


def session(
    day: date = FRIDAY,
    *,
    low: int = 9_900,
    high: int = 10_100,
    close: int = 10_000,
    previous_close: int | None = 10_000,
    value: tuple[int, int, int] = (9_950, 10_000, 10_050),
    quality: Quality = Quality.LIVE,
    slots: tuple[int | None, ...] = (),
    brackets: tuple[tuple[str, int, int], ...] | None = None,
    close_kind: CloseKind = CloseKind.OFFICIAL,
) -> SessionProfile:
    return SessionProfile(
        instrument=KEY,
        day=day,
        open=10_000,
        high=high,
        low=low,
        close=close,
        previous_close=previous_close,
        row=10,
        volume_low=low,
        volumes=(1,),
        tpo_low=low,
        tpos=(1,),
        brackets=(("A", low, high),) if brackets is None else brackets,
        balance_low=low,
        balance_high=high,
        day_type="NORMAL",
        poc=value[1],
        val=value[0],
        vah=value[2],
        source="VOLUME",
        volume=1_000,
        quality=quality,
        slot_volumes=slots,
        close_kind=close_kind,
    )


def levels_of(*sessions: SessionProfile, previous_close: int | None = 10_000) -> PriorLevels:
    levels = prior_levels(sessions, previous_close, DAY)
    assert levels is not None
    return levels


def days_back(count: int) -> list[date]:
    """Return the last trading-like days before the test day, oldest first."""
    found: list[date] = []
    day = DAY
    while len(found) < count:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            found.insert(0, day)
    return found
