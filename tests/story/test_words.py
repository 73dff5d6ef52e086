"""A story as text: it fits its columns, holds every part, and marks what is no fact."""

from pathlib import Path

import pytest

from engine.market.figures import rupees, signed_rupees
from engine.story.words import describe_story
from tests.story.played import NEW_KINDS, Day, copied

PARTS = (
    *(
        "SIGNAL",
        "THE MARKET IT SAW",
        "STOP AND SIZE",
        "ENTRY 2512",
        "STOP 2512",
        "EXIT 2512",
        "THE STOP AT THE EXCHANGE",
    ),
    *("RESULT", "CHARGES", "AFTER THE EXIT", "NOTES AND MISTAKES"),
)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_every_story_fits_its_columns(day: Day, strict_day: Day, width: int) -> None:
    for story in (*day.stories(), *strict_day.stories()):
        lines = describe_story(story, width)
        assert max(map(len, lines)) <= width
        assert story.trade is None or any(len(line) > width - 20 for line in lines)


def test_a_narrow_terminal_gets_eighty_columns(day: Day) -> None:
    assert describe_story(day.story("best"), 20) == describe_story(day.story("best"), 80)


def test_a_trade_is_told_from_its_signal_to_what_came_after(day: Day) -> None:
    story = day.story("best")
    lines = describe_story(story, 100)
    headings = [line for line in lines if line and line[0] != " "]
    found = [next(index for index, line in enumerate(headings) if line.startswith(part)) for part in PARTS]
    assert found == sorted(found)
    text = "\n".join(lines)
    assert story.trade is not None
    assert f"net           {signed_rupees(story.trade.net)}" in text
    assert f"{rupees(story.trade.charges)} ESTIMATED" in text
    assert text.count("◀ won") == 1
    assert "HYPOTHETICAL" not in text
    assert "not recorded" not in text


def test_a_refused_signal_is_told_with_its_reason_and_marked_hypothetical(strict_day: Day) -> None:
    [story] = [one for one in strict_day.stories() if one.id == "251215-000011-D"]
    text = " ".join(" ".join(describe_story(story, 80)).split())
    assert "first target earns" in text
    assert "REWARD_RISK" in text
    assert "HYPOTHETICAL" in text
    assert "R before charges. No fill is proven, no charge counted: part of no figure." in text
    assert "RESULT" not in text


def test_what_was_not_kept_is_named(day: Day, tmp_path: Path) -> None:
    old = copied(day, tmp_path / "ledger.sqlite", "paper-1", without=NEW_KINDS)
    text = " ".join(" ".join(describe_story(old.story("best"), 80)).split())
    for what in ("the market that the signal saw", "what the market did after the exit", "the book it met"):
        assert what in text
    assert text.count("not recorded") >= 4


def test_a_simulated_story_says_so_above_everything(day: Day, tmp_path: Path) -> None:
    demo = copied(day, tmp_path / "ledger.sqlite", "simulated-1", world="demo")
    assert "SIMULATED: evidence for nothing" in describe_story(demo.story("best"), 80)[1]
