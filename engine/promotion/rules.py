"""How strict the criteria are: a person may make each stricter, nothing makes one looser."""

from typing import Protocol


class CriteriaSettings(Protocol):
    """What a person may make stricter."""

    @property
    def sessions(self) -> int:
        """The sessions that a gate asks for."""
        ...

    @property
    def paper_trades(self) -> int:
        """The paper trades that SMALL asks for."""
        ...

    @property
    def paper_weeks(self) -> int:
        """How many of the last four weeks must have been profitable."""
        ...

    @property
    def stop_seconds(self) -> float:
        """Within what each stop must have been held."""
        ...

    @property
    def edge_error_pct(self) -> float:
        """The error of all looks together, one-sided, percent."""
        ...

    @property
    def profit_factor(self) -> float:
        """The least profit factor that FULL asks for."""
        ...

    @property
    def drawdown_pct(self) -> float:
        """The deepest fall that FULL allows, percent of the peak."""
        ...

    @property
    def slippage_r(self) -> float:
        """How much worse than paper live may fill, R."""
        ...

    @property
    def manual_trades(self) -> int:
        """The trader's own trades that their gate asks for."""
        ...

    @property
    def manual_loss_r(self) -> float:
        """The largest loss of one of the trader's own trades, R."""
        ...
