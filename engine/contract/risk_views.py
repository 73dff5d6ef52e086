"""How much of each limit is used."""

import msgspec

from engine.market.price import Paise


class RiskView(msgspec.Struct, frozen=True):
    """The gauges. Percentages are of the day's opening account."""

    account: Paise
    day_result: Paise
    day_loss_limit: Paise
    day_loss_used_pct: float
    """0 to 100 of the limit; 0 while the day is positive."""
    stopped_for_day: bool
    open_risk: Paise
    open_risk_limit: Paise
    if_all_stops_fill: Paise
    exposure: Paise
    exposure_limit: Paise
    positions: int
    positions_limit: int
    orders_this_second: int
    orders_per_second_limit: int
    orders_today: int
    stopped_by: str = ""
    """Which limit ended the day; empty while none did."""
    account_result: Paise | None = None
    """Ours and what of the outside counts; None where no limit goes by it."""
    account_limit: Paise | None = None
    outside: Paise | None = None
    """What of the outside counts: groups that lose, charges included; never a gain."""
    external_result: Paise | None = None
    """Everything that others trade on the account, realised and open at mid, as the broker's app has it."""
    outside_unmarked: int = 0
    """Of it, instruments of which no price is known yet: their open part counts at its cost."""
    gap_risk: Paise = 0
    """What is lost if every stop fills at its limit; ``open_risk`` is what is lost if each slips by its allowance.

    Both count the charges.
    """
    gap_risk_limit: Paise = 0
