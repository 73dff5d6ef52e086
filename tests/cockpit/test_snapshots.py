"""Pictures of the screen, to be looked at whenever they change; ``pytest --snapshot-update`` writes them anew."""

import msgspec
import pytest

from tests.cockpit.pictured_checks import FOUND
from tests.cockpit.pictured_rollout import ON_THE_WAY
from tests.cockpit.pictures import killed, picture, with_broker, with_missing_stop
from tests.cockpit.snapshots import CONTRAST, DARK, LIGHT, Compare, matches


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (160, 45), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_trade_screen(snap_compare: Compare, size: tuple[int, int]) -> None:
    """The whole trade screen in a replay with two positions and a signal that waits."""
    assert matches(snap_compare, picture(), size)


@pytest.mark.parametrize("theme", [LIGHT, CONTRAST])
def test_theme(snap_compare: Compare, theme: str) -> None:
    """The same in the other colours."""
    assert matches(snap_compare, picture(), (160, 45), theme=theme)


def test_monochrome(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything reads without any hue."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert matches(snap_compare, with_missing_stop(picture()), (120, 40))


def test_ascii(snap_compare: Compare) -> None:
    """Everything reads with ASCII signs alone."""
    assert matches(snap_compare, picture(), (120, 40), ascii_signs=True)


def test_small_window(snap_compare: Compare) -> None:
    """Below 80×24: the kill, the world, the money, the positions and what to do."""
    assert matches(snap_compare, with_missing_stop(picture()), (60, 15))


def test_missing_stop(snap_compare: Compare) -> None:
    """A position without a stop is the loudest thing on the screen."""
    assert matches(snap_compare, with_missing_stop(picture()), (160, 45))


@pytest.mark.parametrize("state", ["KILLING", "STUCK", "FLAT"])
def test_latch(snap_compare: Compare, state: str) -> None:
    """The kill latch across the screen."""
    assert matches(snap_compare, killed(picture(), state, "1 of 2 closed"), (100, 30))


def test_engine_ended(snap_compare: Compare) -> None:
    """An engine that went away is a state, not a crash."""
    assert matches(snap_compare, picture(), (80, 24), ended="the engine is gone")


def test_before_the_first_view(snap_compare: Compare) -> None:
    """Attached, and nothing heard yet."""
    assert matches(snap_compare, None, (80, 24))


def test_nothing_traded(snap_compare: Compare) -> None:
    """The start of a day: no position, no signal, no order, no record."""
    view = picture()
    quiet = msgspec.structs.replace(view, positions=(), signals=(), orders=(), events=())
    assert matches(snap_compare, quiet, (160, 45))


def test_orders(snap_compare: Compare) -> None:
    """The orders in place of the ladder in a small window."""
    assert matches(snap_compare, picture(), (80, 24), press=["o"])


def test_help(snap_compare: Compare) -> None:
    """All keys."""
    assert matches(snap_compare, picture(), (120, 50), press=["question_mark"])


def test_performance(snap_compare: Compare) -> None:
    """What the ledger proves."""
    assert matches(snap_compare, picture(), (120, 40), press=["r"])


@pytest.mark.parametrize(
    ("size", "theme"), [((80, 24), LIGHT), ((120, 40), DARK)], ids=["80x24 light", "120x40"]
)
def test_rollout(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    """The stage, its caps, the kill drill, and each line of the next gate with what is missing."""
    assert matches(snap_compare, picture(), size, theme=theme, press=["u"], rollout=ON_THE_WAY)


def test_rollout_in_ascii(snap_compare: Compare) -> None:
    """The lower half with ASCII signs alone: met, unmet and not recorded are told apart."""
    press = ["u", "end"]
    assert matches(snap_compare, picture(), (80, 24), ascii_signs=True, press=press, rollout=ON_THE_WAY)


@pytest.mark.parametrize("size", [(80, 24), (120, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_auction(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Day type, open type, state, order flow and the levels, each with what it stands on."""
    assert matches(snap_compare, picture(), size, press=["d"])


def test_auction_scrolled_to_its_levels(snap_compare: Compare) -> None:
    """The lower half in a small window: nothing is cut, meaning is words."""
    assert matches(snap_compare, picture(), (80, 24), press=["d", "end"])


def test_preflight(snap_compare: Compare) -> None:
    """The checks before trading, two of which say no."""
    assert matches(snap_compare, with_broker(picture(), "live"), (120, 50), press=["c"])


def test_preflight_in_a_small_window(snap_compare: Compare) -> None:
    """The verdict first; what does not fit is below."""
    assert matches(snap_compare, with_broker(picture(), running=True), (80, 24), press=["c"])


def test_preflight_without_a_broker(snap_compare: Compare) -> None:
    """Demo and replay have nothing to check."""
    assert matches(snap_compare, picture(), (80, 24), press=["c"])


@pytest.mark.parametrize("world", ["paper", "live"])
def test_account(snap_compare: Compare, world: str) -> None:
    """The worlds with a broker, told apart at a glance."""
    assert matches(snap_compare, with_broker(picture(), world, good=True), (160, 45))


def test_instruments(snap_compare: Compare) -> None:
    """What is followed, the chosen one marked."""
    view = with_broker(picture(), good=True)
    assert matches(snap_compare, view, (120, 40), press=["i", "down"])


def test_finding_an_instrument(snap_compare: Compare) -> None:
    """A search in a small window, with what the words mean today."""
    view = with_broker(picture(), good=True)
    press = ["i", *("space" if sign == " " else sign for sign in "NIFTY CE ATM weekly"), "down"]
    assert matches(snap_compare, view, (80, 24), press=press, found=FOUND)


def test_leaving_with_positions(snap_compare: Compare) -> None:
    """The question before leaving."""
    assert matches(snap_compare, picture(), (80, 24), press=["q"])


def test_note(snap_compare: Compare) -> None:
    """A note to the chosen trade."""
    assert matches(snap_compare, picture(), (80, 24), press=["n", *"late #fomo"])


def test_stopping_the_engine(snap_compare: Compare) -> None:
    """The typed word before the engine ends."""
    assert matches(snap_compare, picture(), (80, 24), press=["S"])
