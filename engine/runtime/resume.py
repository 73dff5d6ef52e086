"""Bringing back a run that a death cut off: to where its exchange stood, and no further."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from engine.brokers.cursor_file import Cursor
from engine.brokers.exchange import Exchange
from engine.brokers.paper.exchange import PaperExchange
from engine.core import Effect, Record
from engine.feeds.feed import PulledFeed
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.market.session import TradingDay
from engine.runtime.plan import RunPlan
from engine.runtime.playback import MARK, JournalSink, Playback, PlaybackError
from engine.runtime.run import Beat, Place, PreparedRun, RunError, new_playback, open_market, open_paper


def resume_run(
    plan: RunPlan,
    ledger: Ledger,
    *,
    exchange_path: Path,
    journal: JournalSink,
    beat: Beat = lambda: None,
) -> PreparedRun[PaperExchange]:
    """Bring a run that was cut off back to where its exchange stood; raises RunError.

    The settings are the ones it began under: others would decide otherwise on the way.
    """
    feed, day = open_market(plan.choice, plan.configured())
    if feed.identity != plan.identity:
        names = ", ".join(plan.choice.files) or "the simulator"
        raise RunError(
            f"expected the market that run {plan.run} began on, got another under the same name ({names}); "
            "what it holds is closed by `cockpit flatten`, and a new run begins where it is named (`cockpit demo`)"
        )
    return resume_on(feed, day, plan, ledger, exchange_path=exchange_path, journal=journal, beat=beat)


def resume_on(
    feed: PulledFeed,
    day: TradingDay,
    plan: RunPlan,
    ledger: Ledger,
    *,
    exchange_path: Path,
    journal: JournalSink,
    beat: Beat = lambda: None,
) -> PreparedRun[PaperExchange]:
    """Bring a run back on its market, opened at its beginning, against the paper exchange; raises RunError."""
    exchange = open_paper(exchange_path, plan, day)
    return resume_against(exchange, feed, day, plan, ledger, journal=journal, beat=beat)


def resume_against(
    exchange: Place,
    feed: PulledFeed,
    day: TradingDay,
    plan: RunPlan,
    ledger: Ledger,
    *,
    journal: JournalSink,
    beat: Beat = lambda: None,
    clock: Callable[[], Instant] | None = None,
) -> PreparedRun[Place]:
    """Bring a run back with its orders going to ``exchange``, which is closed when that fails; raises RunError.

    With ``clock`` time went on meanwhile: what was recorded beyond the cut is studied, and the run stands at now.
    """
    try:
        playback, effects = _revive(feed, day, plan, ledger, exchange, journal, beat, clock)
    except (PlaybackError, RunError) as error:
        exchange.close()
        raise RunError(f"{error}; run {plan.run} cannot go on, begin a new one") from error
    return PreparedRun(plan, playback, exchange, resumed=True, effects=effects)


def _revive(
    feed: PulledFeed,
    day: TradingDay,
    plan: RunPlan,
    ledger: Ledger,
    exchange: Exchange,
    journal: JournalSink,
    beat: Beat,
    clock: Callable[[], Instant] | None,
) -> tuple[Playback, list[Effect]]:
    cursor = exchange.cursor
    if cursor.run != plan.run:
        raise RunError(f"expected the exchange at run {plan.run}, got {cursor.run or 'an empty one'}")
    entries = ledger.journal(plan.run)
    if exchange.lives_on:
        cursor = _last_sent(cursor, entries)
    playback, _ = new_playback(plan, feed, day, exchange, journal)
    now = max(cursor.now, playback.now)
    # What was written at the very instant of the cut is written again from the re-execution.
    ledger.rewind(plan.run, cursor.sequence, now - 1)
    past: list[Effect] = []
    if plan.studies_until is not None:
        past += playback.study_until(plan.studies_until, seen=cursor.updates, beat=beat)
    past += playback.re_execute(entries, updates=cursor.updates, sequence=cursor.sequence, beat=beat)
    kept: list[Effect] = [effect for effect in past if isinstance(effect, Record) and effect.time >= now]
    exchange.remember(playback.core.orders.all())
    if clock is None:
        return playback, kept + playback.resume(plan.run, cursor.now, cursor.pause_offset)
    if exchange.lives_on:
        kept += playback.resume(plan.run, playback.now, cursor.pause_offset, answered_at=clock())
        return playback, kept + playback.catch_up(clock())
    kept += playback.catch_up(clock())
    return playback, kept + playback.resume(plan.run, playback.now, cursor.pause_offset)


def _last_sent(cursor: Cursor, entries: Iterable[JournalEntry]) -> Cursor:
    """Return the later of a committed place and the last mark: the broker has what left behind it."""
    marks = [entry for entry in entries if entry.kind == MARK and entry.sequence > cursor.sequence]
    if not marks:
        return cursor
    last = marks[-1]
    return msgspec.structs.replace(
        cursor, updates=last.cursor, sequence=last.sequence, now=max(cursor.now, last.now)
    )
