"""What the session before a written day left behind: its levels, the average range, the usual volumes."""

from datetime import date
from typing import Final

from engine.auction.profile.row_height_formula import row_height
from engine.auction.values.levels import PriorLevels
from engine.feeds.simulator.cast import Member
from engine.feeds.simulator.earlier_days import trading_days_before
from engine.feeds.simulator.tape import usual_volumes
from engine.feeds.simulator.written_days import Script
from engine.market.price import Paise
from engine.market.quality import Quality

_SESSIONS: Final = 20
"""How many sessions the averages are said to stand on."""


def levels_before(script: Script, member: Member, day: date, end_second: int) -> PriorLevels:
    """Return what an instrument of a written day finds of the sessions before it.

    Levels of the script become prices on the tick grid, those of the profile lower edges of rows.
    """
    tick, span = member.instrument.tick, member.average_range
    opening = member.opening
    row = row_height(span * tick, tick) * tick

    def price(level: int) -> Paise:
        return (opening + level * span // 1_000) * tick

    def edge(level: int) -> Paise:
        return price(level) // row * row

    before, yesterday = script.yesterday, trading_days_before(day, 1)[0]
    return PriorLevels(
        day=yesterday,
        sessions=_SESSIONS,
        quality=Quality.LIVE,
        reason="",
        row=row,
        open=price((before.val + before.vah) // 2),
        high=price(before.high),
        low=price(before.low),
        close=member.previous_close,
        poc=edge(before.poc),
        val=edge(before.val),
        vah=edge(before.vah),
        day_type="NORMAL",
        naked_pocs=((yesterday, edge(before.poc)),),
        average_range=span * tick,
        range_days=_SESSIONS,
        slot_volumes=tuple(
            volume * script.slot_percent // 100 for volume in usual_volumes(member, end_second)
        ),
    )
