"""Where a run stands: for the file that it goes on from after a death, and for the screens that show it."""

from dataclasses import replace

from engine.brokers.cursor_file import Cursor
from engine.contract.kill_times import KillTimes
from engine.contract.views import LastingAlarm
from engine.market.clock import Instant
from engine.presenter import ViewFacts
from engine.runtime.live_services import BrokerSide
from engine.runtime.pace import Pace
from engine.runtime.playback import Playback
from engine.world.latch_file import LatchFile


def reached(playback: Playback, pace: Pace) -> Instant:
    """Return how far the run's clock has come, between two steps too."""
    return pace.reach(playback.now)


def place_of(run: str, playback: Playback, pace: Pace) -> Cursor:
    """Return where the run stands; a run that dies while held goes on from here."""
    now = reached(playback, pace) if pace.held else playback.now
    offset = playback.pause_offset + pace.held_for(now)
    return Cursor(run, playback.updates, now, offset, playback.sequence)


def surroundings_of(
    playback: Playback,
    pace: Pace,
    side: BrokerSide | None,
    problems: tuple[LastingAlarm, ...],
    latch: LatchFile,
) -> ViewFacts:
    """Return what a view shows beside the core: how the market is played, and how disks and broker are."""
    kill = latch.times
    around = ViewFacts(
        now=reached(playback, pace),
        speed=pace.speed,
        held=pace.held,
        ended=playback.ended,
        problems=problems,
        end=playback.feed.last_arrival,
        kill_times=KillTimes(kill.latched, kill.durable, kill.first_order, kill.flat),
    )
    if side is None:
        return around
    return replace(around, signed_in_until=side.signed_in_until, preflight=side.preflight, notes=side.notes)
