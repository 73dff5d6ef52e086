"""What is held at cost and what is realised, fill by fill: one arithmetic for trades, the paper book and the status.

What is bought is one cost until the position is closed; an exit realises its share of it, rounded down once, and the
rest stays with what is held, so that the two are never more or less than was paid.
"""

from dataclasses import dataclass

from engine.market.price import Paise


def closed_cost(paid: Paise, entered: int, exited: int) -> Paise:
    """Return what the closed part of a position cost, paise; nought before anything was entered."""
    return paid * exited // entered if entered else 0


@dataclass(slots=True)
class RunningCost:
    """One instrument on its way through the day. Units unsigned, values cumulative paise, ``sign`` the position's."""

    sign: int = 0
    entered: int = 0
    exited: int = 0
    paid: Paise = 0
    got: Paise = 0
    done: Paise = 0
    """Realised by positions that are over."""

    @property
    def quantity(self) -> int:
        """Signed units held."""
        return (self.entered - self.exited) * self.sign

    @property
    def cost(self) -> Paise:
        """What is held at cost, paise, signed like it."""
        return (self.paid - closed_cost(self.paid, self.entered, self.exited)) * self.sign

    @property
    def realised(self) -> Paise:
        """The gross result of everything closed, parts of what is held included, paise."""
        return self.done + (self.got - closed_cost(self.paid, self.entered, self.exited)) * self.sign

    def close(self, quantity: int, value: Paise) -> None:
        """Close units of what is held for what they brought, paise."""
        self.exited, self.got = self.exited + quantity, self.got + value
        if self.exited == self.entered:
            self.done += (self.got - self.paid) * self.sign
            self.sign = self.entered = self.exited = self.paid = self.got = 0

    def open(self, sign: int, quantity: int, value: Paise) -> None:
        """Add units to what is held, or begin to hold."""
        self.sign, self.entered, self.paid = sign, self.entered + quantity, self.paid + value

    def take(self, sign: int, quantity: int, value: Paise) -> None:
        """Take a fill in: it closes what is held on the other side first, at its share of the fill's value."""
        if self.sign == -sign:
            closing = min(quantity, self.entered - self.exited)
            share = value * closing // quantity
            self.close(closing, share)
            quantity, value = quantity - closing, value - share
        if quantity:
            self.open(sign, quantity, value)
