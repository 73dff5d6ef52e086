"""What a run has around it when a broker stands behind its market; demo and replay have nothing of it."""

from collections.abc import Mapping
from typing import Protocol

from engine.contract.commands import CommandResult, Follow, RunPreflight, Unfollow
from engine.contract.views import LastingAlarm, PreflightView
from engine.market.clock import Instant
from engine.orders.attention import Attention

Asked = Follow | Unfollow | RunPreflight
"""What a person asks of the broker's side rather than of the core."""


class BrokerSide(Protocol):
    """The broker's side of a paper or live run, as the service shows and asks it."""

    @property
    def alarms(self) -> tuple[LastingAlarm, ...]:
        """What is wrong as long as it lasts: feed lost, token dead, recorder stopped."""
        ...

    @property
    def signed_in_until(self) -> Instant | None:
        """When the token dies; None when there is none or it does not say."""
        ...

    @property
    def preflight(self) -> PreflightView | None:
        """The checks as last made."""
        ...

    @property
    def notes(self) -> Mapping[str, str]:
        """What is known of instruments before the open, by key."""
        ...

    def go(self) -> None:
        """Let the market reach the run: its service plays from now on."""
        ...

    def stop(self) -> None:
        """End what works beside the run."""
        ...

    def attend(self, attention: Attention) -> None:
        """Watch the broker's orders as closely as what is at stake asks for."""
        ...

    def flush(self) -> bool:
        """Hand what was recorded to the system, ahead of a place in it that is kept; False where it must wait."""
        ...

    async def obey(self, command: Asked) -> CommandResult:
        """Do or refuse what a person asks; may wait for the broker."""
        ...
