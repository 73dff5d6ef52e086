"""One action of the table: its keys, its words, and where it works."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class KeyScope(StrEnum):
    """Where an action's keys work."""

    ALWAYS = "over every screen and dialog"
    EVERYWHERE = "on every screen"
    TRADE = "on the trade screen"


@dataclass(frozen=True, slots=True)
class Action:
    """Something the trader can do with a key."""

    name: str
    """The action's method is ``action_<name>``."""
    keys: tuple[str, ...]
    shown: str
    """The keys as a person reads them."""
    label: str
    """One or two words for the footer."""
    description: str
    group: str
    scope: KeyScope
    rank: int
    """Who stays in a narrow footer: 0 before 1; 9 is in help and palette only."""
    numbered: bool = False
    """The action takes its own key as its argument."""

    def bindings(self) -> Iterator[Binding]:
        """Yield Textual's bindings."""
        always = self.scope is KeyScope.ALWAYS
        for key in self.keys:
            yield Binding(
                key,
                f"app.{self.name}({key})" if self.numbered else f"app.{self.name}",
                self.label,
                show=False,
                priority=always,
                tooltip=self.description,
                id=None if always else f"{self.name}.{key}" if len(self.keys) > 1 else self.name,
            )
