"""Planted mistakes about other products and a second engine, hunted on the wider account."""

from engine.orders.messages import Product
from engine.orders.other_products import LeftAlone
from engine.orders.portfolio import Portfolio
from tests.campaign.mutants import Hunt, Mutant, Swap, hunted
from tests.campaign.named_mutants import both_go_on, everything_is_intraday, others_orders_swept
from tests.campaign.wider import run_wider

WITHIN = 120
"""Schedules in which a mutant must be noticed."""


def hunt_wider(mutant: Mutant, schedules: int = WITHIN, first: int = 0) -> Hunt:
    """Run schedules of a wider account against a mutant until one breaks a law."""
    return hunted(mutant, lambda seed: run_wider(seed).broken, schedules, first)


def _flat_beside_other_products() -> tuple[Swap, ...]:
    def has(self: LeftAlone, instrument: str, product: Product) -> bool:
        del self, instrument
        return product is not Product.INTRADAY

    return ((LeftAlone, "has", has), (Portfolio, "carry", lambda *_: None))


WIDER_MUTANTS = (
    Mutant("what is carried is closed as intraday", everything_is_intraday),
    Mutant("another engine's orders are taken for ours", others_orders_swept),
    Mutant("an engine that began later goes on", both_go_on),
    Mutant("flat is said beside delivery and margin quantity", _flat_beside_other_products),
)
