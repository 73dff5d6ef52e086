"""A scenario: what goes wrong, when, and which oracle it makes impossible."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.contract.commands import Side
from tests.scenarios.deeds import clear_faults
from tests.scenarios.stage import Deed, Way

EVERY_WAY = (Way.ALIVE, Way.HUNG, Way.DEAD)


class Family(StrEnum):
    """What kind of trouble it is: naked time is told for each."""

    ANSWERS = "answers of the broker"
    FILLS = "fills"
    STOPS = "stops"
    CHANGES = "changes that do not come about"
    CANCELS = "cancels that do not come about"
    OTHERS = "what others do"
    STREAMS = "streams"
    READS = "reads"
    LIMITS = "limits, sign-in, outages"
    MARKET = "the market"
    PRODUCTS = "products and scope"
    DEATHS = "deaths"


@dataclass(frozen=True)
class Scenario:
    """One story. An engine enters, something happens, and the engine, or a shell without one, closes everything."""

    name: str
    family: Family
    overnight: Deed | None = None
    """Done before the engine starts: what the account holds from the day before stands in the first read."""
    before: Deed | None = None
    """Done before the entry."""
    deed: Deed | None = None
    """Done once the position stands, the engine alive, hung or dead."""
    side: Side | None = Side.BUY
    """None enters nothing."""
    watch: float = 3.0
    """Seconds that a living engine guards before it is told to close."""
    mended_after: float | None = None
    """Seconds after the kill until what is wrong is put right; None: all is closed while it lasts."""
    mend: Deed = clear_faults
    ways: tuple[Way, ...] = EVERY_WAY
    impossible: Mapping[str, str] = field(default_factory=dict)
    """By oracle, why no engine could keep it here. With a way before a colon it holds for that way alone."""
    settings: tuple[str, ...] = ()
    late: bool = False
    """It is played on an afternoon that ends with a closing auction."""
    restart: bool = False
    """A dead engine is started again, and closes itself."""

    def excuse(self, oracle: str, way: Way) -> str:
        """Return why an oracle cannot hold, empty when it must."""
        return self.impossible.get(f"{way}:{oracle}") or self.impossible.get(oracle, "")
