"""What settings ask of a day that already runs: what is tighter counts at once, what is looser the next day."""

from datetime import time

import msgspec

from engine.risk.limits import Limits, effective, wished_limits
from engine.settings.sections import WishSections


class Wishes(msgspec.Struct, frozen=True):
    """The limits of the day that a person may tighten while it runs."""

    limits: Limits
    flat_by: time | None = None
    """The earliest end of the day that was asked for; None leaves it to the class."""
    last_entry: time | None = None
    orders_per_second: int = 8


class SettingChange(msgspec.Struct, frozen=True):
    """One setting that a restart changed, with its value before, the one in force from now on, and the one wished."""

    setting: str
    before: str
    in_force: str
    wished: str

    @property
    def waits(self) -> bool:
        """Whether the wish counts only from the next trading day."""
        return self.in_force != self.wished

    @property
    def words(self) -> str:
        """The same for a person."""
        if self.waits:
            return (
                f"{self.setting} stays {self.in_force} today; {self.wished} counts from the next trading day"
            )
        return f"{self.setting} is {self.in_force} from now on, {self.before} before"


def wishes_of(settings: WishSections) -> Wishes:
    """Return what some settings ask for."""
    session = settings.session
    return Wishes(
        limits=wished_limits(settings.risk),
        flat_by=session.flat_by if isinstance(session.flat_by, time) else None,
        last_entry=session.last_entry if isinstance(session.last_entry, time) else None,
        orders_per_second=settings.risk.orders_per_second,
    )


def tightened(before: Wishes, wished: Wishes) -> tuple[Wishes, tuple[SettingChange, ...]]:
    """Return the tighter of each, and what changed or waits, setting by setting."""
    after = Wishes(
        limits=effective(before.limits, wished.limits),
        flat_by=_earlier(before.flat_by, wished.flat_by),
        last_entry=_earlier(before.last_entry, wished.last_entry),
        orders_per_second=min(before.orders_per_second, wished.orders_per_second),
    )
    told = zip(_named(before), _named(after), _named(wished), strict=True)
    return after, tuple(
        SettingChange(name, old, new, wish) for (name, old), (_, new), (_, wish) in told if wish != old
    )


def _earlier(one: time | None, other: time | None) -> time | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _named(wishes: Wishes) -> list[tuple[str, str]]:
    limits = msgspec.structs.asdict(wishes.limits)
    numbers = [(f"risk.{name}", f"{value:g}") for name, value in limits.items()]
    clocks = (("session.flat_by", wishes.flat_by), ("session.last_entry", wishes.last_entry))
    return [
        *numbers,
        ("risk.orders_per_second", str(wishes.orders_per_second)),
        *((name, "auto" if clock is None else f"{clock:%H:%M}") for name, clock in clocks),
    ]
