"""Planted mistakes about what waits: halts, price limits, the closing auction, the close, and which alarm is shown."""

from collections.abc import Callable, Iterable
from functools import partial

from cockpit.state import model
from engine.contract.views import EventLine
from engine.orders import exit_hours, plight, plight_watch
from engine.orders.exit_hours import Exits
from engine.orders.exits_in_halt import Halts, HaltState
from engine.orders.plight import PlightKind
from engine.orders.plight_watch import Plights
from tests.campaign.mutants import Mutant, Swap
from tests.cockpit import test_alarm_ranks as alarm_ranks
from tests.core import test_end_of_day as end_of_day
from tests.core import test_halts as halts


def _no_halts() -> tuple[Swap, ...]:
    return ((Halts, "of", lambda *_: HaltState.NONE),)


def _deaf_for_ever() -> tuple[Swap, ...]:
    begin = Halts.begin

    def begin_as_heard(self: Halts, kinds: Iterable[object], *, heard: bool) -> None:
        del heard
        begin(self, kinds, heard=True)  # type: ignore[arg-type]

    return ((Halts, "begin", begin_as_heard),)


def _never_stuck() -> tuple[Swap, ...]:
    return ((plight, "_stuck", lambda *_: False),)


def _stuck_at_once() -> tuple[Swap, ...]:
    return ((plight, "_stuck", lambda *_: True),)


def _as(wrong: dict[Exits, Exits]) -> tuple[Swap, ...]:
    original = exit_hours._exits

    def exits(day: exit_hours.ClassHours, time: int, halt: HaltState) -> Exits:
        found = original(day, time, halt)
        return wrong.get(found, found)

    return ((exit_hours, "_exits", exits),)


def _without(kind: PlightKind) -> tuple[Swap, ...]:
    follow = Plights.follow

    def follow_without(self: Plights, now: int) -> None:
        said = self._manager.report

        def say(topic: object, instrument: str, text: str = "", **more: object) -> None:
            if kind.value not in text:
                said(topic, instrument, text, **more)  # type: ignore[arg-type]

        self._manager.report = say  # type: ignore[method-assign]
        try:
            follow(self, now)
        finally:
            self._manager.report = said  # type: ignore[method-assign]

    return ((Plights, "follow", follow_without),)


def _told_by_its_kind() -> tuple[Swap, ...]:
    """STUCK names no order."""
    return ((plight_watch, "plight_text", lambda plight: plight.kind.value),)


def _newest_alarm() -> tuple[Swap, ...]:
    def newest(lines: Iterable[EventLine]) -> EventLine | None:
        return max(lines, key=lambda line: (line.time, line.number), default=None)

    return ((model, "first_of", newest),)


WAITING: tuple[tuple[Mutant, Callable[[], None]], ...] = (
    (
        Mutant("an exit leaves in an announced halt", _no_halts),
        halts.test_a_kill_in_an_announced_halt_sends_no_exit_and_is_held_by_halt,
    ),
    (
        Mutant("a halt holds every exit though its feed is lost", _deaf_for_ever),
        halts.test_without_a_feed_that_would_tell_of_the_end_one_exit_is_tried_and_its_refusal_decides,
    ),
    (
        Mutant("at the price limit the kill says KILLING", _never_stuck),
        halts.test_at_the_price_limit_the_exit_that_rests_is_named_and_the_kill_is_stuck,
    ),
    (
        Mutant("an exit that only waits for its fill is called stuck", _stuck_at_once),
        halts.test_an_exit_that_is_moved_on_is_not_called_stuck,
    ),
    (
        Mutant("STUCK names no order", _told_by_its_kind),
        halts.test_at_the_price_limit_the_exit_that_rests_is_named_and_the_kill_is_stuck,
    ),
    (
        Mutant(
            "orders are sent while the exchange takes nothing",
            partial(_as, {Exits.AUCTION_AHEAD: Exits.OPEN}),
        ),
        end_of_day.test_an_exit_that_is_wanted_goes_into_the_auction_as_a_limit_at_the_edge_of_its_band,
    ),
    (
        Mutant("a wanted exit is kept out of the closing auction", partial(_as, {Exits.AUCTION: Exits.OVER})),
        end_of_day.test_what_the_auction_matches_is_flat_and_the_kill_says_so,
    ),
    (
        Mutant("nobody hears that the auction took the stop", partial(_without, PlightKind.NAKED)),
        end_of_day.test_a_position_whose_stop_the_auction_cancels_is_naked_at_that_moment_and_says_what_can_be_done,
    ),
    (
        Mutant("nobody hears that a position is carried", partial(_without, PlightKind.CARRIED)),
        end_of_day.test_what_the_auction_leaves_unmatched_is_carried_and_says_what_that_means,
    ),
    (
        Mutant("the newest alarm covers one that matters more", _newest_alarm),
        partial(
            alarm_ranks.test_a_vital_alarm_is_not_covered_by_a_lesser_one_that_is_newer_or_lasts,
            alarm_ranks.strip,
        ),
    ),
)
