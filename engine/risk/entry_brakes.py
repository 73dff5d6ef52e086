"""When a day has gone badly enough that a person should look before it goes on: losses in a row, a peak given back.

The state is a frozen value that a restart takes over: it goes in, the next one comes out.
"""

import msgspec

from engine.market.figures import rupees
from engine.market.price import Paise
from engine.risk.exact import exact
from engine.risk.limits import DayLimits


class Brakes(msgspec.Struct, frozen=True):
    """Losses in a row and the day's best result, paise, since a person last resumed entries."""

    losses: int = 0
    peak: Paise = 0
    pulled: str = ""
    """Why entries wait for a person; empty while they need not."""

    def closed(self, net: Paise, limits: DayLimits) -> "Brakes":
        """Return the state after a trade that made ``net`` paise after charges; nought is no loss."""
        losses = self.losses + 1 if net < 0 else 0
        most = limits.limits.pause_after_losses
        if self.pulled or losses < most:
            return msgspec.structs.replace(self, losses=losses)
        words = "a losing trade" if most == 1 else f"{losses} losing trades in a row"
        return msgspec.structs.replace(self, losses=losses, pulled=words)

    def marked(self, net: Paise, limits: DayLimits) -> "Brakes":
        """Return the state after a look at the day's result, paise.

        A peak below the risk of one trade is noise: giving it back says nothing.
        """
        if net > self.peak:
            return msgspec.structs.replace(self, peak=net)
        share = exact(limits.limits.give_back_pct)
        given = self.peak - net
        if self.pulled or self.peak < limits.budget or given * 100 < share * self.peak:
            return self
        return msgspec.structs.replace(
            self,
            pulled=f"{given * 100 // self.peak}% of the day's peak of {rupees(self.peak)} was given back",
        )

    def released(self, net: Paise) -> "Brakes":
        """Return the state after a person resumed at a result: counted anew from here."""
        return Brakes(peak=max(net, 0)) if self.pulled else self
