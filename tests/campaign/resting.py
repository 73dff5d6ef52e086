"""Schedules in which hardly anything is entered but by the trader's orders that rest.

One seed is one schedule. Kills, pauses, cancels and trades that end come between, and the broker's faults as elsewhere.
"""

from engine.market.side import Side
from tests.campaign.schedule import KEYS, Deed, Schedule, SeedRun, outcome_of
from tests.core.schedules import READ_FAULTS, REPORT_FAULTS, REQUEST_FAULTS

STEPS = 60


class RestingSchedule(Schedule):
    """A schedule of a trader who lets orders rest."""

    def _deeds(self) -> tuple[tuple[int, Deed], ...]:
        draw, world, saboteur = self.draw, self.world, self.saboteur

        def key() -> str:
            return draw.choice(KEYS)

        def rest() -> None:
            side = draw.choice((Side.BUY, Side.BUY, Side.SELL))
            saboteur.rest(key(), side, draw.randint(5, 40), stop_entry=draw.random() < 0.4)

        return (
            (300, rest),
            (300, lambda: saboteur.wait(draw.choice((60, 400, 1_000, 2_500, 6_000)))),
            (200, lambda: saboteur.move(key(), draw.randint(-40, 40))),
            (40, lambda: saboteur.starve(key(), draw.choice((None, None, 0, 65, 130)))),
            (30, lambda: saboteur.exit(key(), half=draw.random() < 0.4)),
            (40, lambda: saboteur.cancel_resting(key())),
            (15, lambda: saboteur.pause(paused=True)),
            (40, lambda: saboteur.pause(paused=False)),
            (15, saboteur.kill),
            (60, saboteur.rearm),
            (20, lambda: saboteur.enter(key(), draw.choice((Side.BUY, Side.SELL)))),
            (15, lambda: saboteur.late_fill(key())),
            (20, lambda: world.faults.requests.append(draw.choice(REQUEST_FAULTS))),
            (20, lambda: world.faults.reports.append(draw.choice(REPORT_FAULTS))),
            (8, lambda: world.faults.reads.append(draw.choice(READ_FAULTS))),
        )


def run_resting(seed: int, steps: int = STEPS) -> SeedRun:
    """Run one schedule to its end, whatever becomes of it."""
    return outcome_of(RestingSchedule(seed), steps, "RESTING")
