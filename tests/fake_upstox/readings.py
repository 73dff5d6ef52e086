"""What nobody has confirmed of the real broker: each point either way, as a test chooses."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Readings:
    """How the broker behaves where its documents are silent or contradict each other."""

    quantity_is_rest: bool = False
    """Whether the quantity of a change means what is left of a partly filled order, not the whole of it."""
    stop_becomes_limit: bool = True
    """Whether a change may turn a waiting stop into a limit order."""
    limit_becomes_stop: bool = True
    """Whether a change may turn a limit order into a stop."""
    most_changes: int = 25
    """The next change of one order is refused, as a sister broker on the same exchange does."""
    omits_flat_rows: bool = False
    """Whether positions of quantity nought are left out of the list."""
    halt_refuses: bool = False
    """Whether a halted exchange refuses orders and changes; else it takes them and they rest."""
    average_decimals: int = 4
    """How exactly the order rows tell their average price."""
    replays_on_connect: bool = False
    """Whether the portfolio stream tells every order of the day to whoever connects."""
    lapsed_orders_stay: bool = False
    """Whether day orders keep their last status after the market's end."""

    def take(self, changes: dict[str, Any]) -> None:
        """Choose; raise ValueError for a name that no point has."""
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"expected one of {', '.join(sorted(known))}, got {name!r}")
            setattr(self, name, value)
