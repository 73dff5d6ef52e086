"""Which screen armed manual entry: only that one enters by hand, and what it armed ends with it."""

from typing import Final

from engine.contract.commands import ArmManual, Command, ManualOrder, RestOrder, SendTicket

ELSEWHERE: Final = "manual entry is armed by another screen; m takes it off there, then m arms it here"


class ArmedScreen:
    """Owns the number of the screen that armed, None while none did."""

    def __init__(self) -> None:
        self._screen: int | None = None

    def refusal(self, command: Command, screen: int, *, armed: bool) -> str:
        """Take in what a screen asks; return why it may not, empty where it may. ``armed`` is core's own word."""
        if isinstance(command, ArmManual):
            if command.armed and armed and self._screen not in (None, screen):
                return ELSEWHERE
            self._screen = screen if command.armed else None
            return ""
        enters = isinstance(command, ManualOrder | RestOrder | SendTicket)
        return ELSEWHERE if enters and self.elsewhere(screen, armed=armed) else ""

    def elsewhere(self, screen: int, *, armed: bool) -> bool:
        """Say whether manual entry is armed, and not by this screen."""
        return armed and self._screen != screen

    def leaves(self, screen: int) -> bool:
        """Take in that a screen is gone; return whether manual entry was armed by it."""
        if self._screen != screen:
            return False
        self._screen = None
        return True
