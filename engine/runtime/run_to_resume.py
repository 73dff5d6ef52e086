"""Whether a run that was cut off is the one that is asked for now: what is open is never forgotten for another."""

from pathlib import Path

from engine.runtime.plan import MarketChoice, RunMode, RunPlan
from engine.runtime.run import book_is_flat, open_market
from engine.settings.sections import MarketSections
from engine.system.errors import CockpitError, ErrorKind
from engine.world.directories import WorldDirectory


class HostError(CockpitError):
    """An engine cannot be hosted; the text says what was expected, what came and what to do."""

    kind = ErrorKind.IN_USE


def goes_on(choice: MarketChoice, plan: RunPlan, settings: MarketSections, directory: WorldDirectory) -> bool:
    """Say whether a cut-off run is the one asked for; raises HostError rather than forget an open book.

    With something open the same market is gone on with, wherever the new one was to begin.
    """
    if plan.choice.market is RunMode.SIMULATED and not _still_simulated(plan, directory):
        return False
    if choice == plan.choice:
        return True
    same = choice.market is plan.choice.market
    if same and choice.files != plan.choice.files:
        feed, _ = open_market(choice, settings)
        same = feed.identity == plan.identity
    if same and (choice.start, choice.script) == (plan.choice.start, plan.choice.script):
        return True
    if book_is_flat(directory.exchange, plan):
        return False
    if same and choice.script == plan.choice.script:
        return True
    names = ", ".join(Path(name).name for name in plan.choice.files) or plan.choice.script or "the demo"
    raise HostError(
        f"{names} was cut off in {directory.path}, its book not known to be flat; go on with it by "
        f"`{plan.choice.command}`, or close it by `cockpit flatten --world {directory.world.value}`"
    )


def _still_simulated(plan: RunPlan, directory: WorldDirectory) -> bool:
    """Say whether this version simulates the day that a run began on; raises HostError where its book is open."""
    feed, _ = open_market(plan.choice, plan.configured())
    if feed.identity == plan.identity:
        return True
    if book_is_flat(directory.exchange, plan):
        return False
    raise HostError(
        f"the day that was cut off in {directory.path} is of another version of the simulator and its book is not "
        f"known to be flat; close it by `cockpit flatten --world {directory.world.value}`, then start again"
    )
