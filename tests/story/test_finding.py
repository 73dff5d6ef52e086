"""Which trade a person means: by id, its beginning, its number, or last, best and worst; else what there is."""

from pathlib import Path

import pytest

from engine.ledger.reader import LedgerReader
from engine.ledger.store import Ledger
from engine.story.finding import UnknownStoryError
from tests.story.played import Day, copied


def trades(day: Day) -> dict[str, int]:
    """Return the net of each trade by id."""
    return {story.id: story.trade.net for story in day.stories() if story.trade is not None}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("251215-000001-T", "251215-000001-T"),
        ("251215-000001-t", "251215-000001-T"),
        ("000002-T", "251215-000002-T"),
        ("2-t", "251215-000002-T"),
        ("  13-D ", "251215-000013-D"),
        ("251215-000014", "251215-000014-D"),
    ],
)
def test_an_id_its_beginning_or_its_number_suffices(day: Day, text: str, name: str) -> None:
    assert day.story(text).id == name


def test_a_signal_that_became_a_trade_is_told_with_its_trade(day: Day) -> None:
    [behind] = [story.signal for story in day.stories() if story.id == "251215-000001-T"]
    assert behind is not None
    assert day.story(behind.last.id).id == "251215-000001-T"


def test_best_and_worst_are_by_the_net_result_and_last_by_the_exit(day: Day) -> None:
    nets = trades(day)
    assert day.story("best").id == max(nets, key=nets.__getitem__)
    assert day.story("WORST").id == min(nets, key=nets.__getitem__)
    last = day.story("last").trade
    assert last is not None
    assert last.exit_time == max(story.trade.exit_time for story in day.stories() if story.trade is not None)


def test_a_beginning_of_several_names_them(day: Day) -> None:
    with pytest.raises(UnknownStoryError, match=r"'251215' begins \d+: .*and \d+ more") as raised:
        day.story("251215")
    assert raised.value.ambiguous


@pytest.mark.parametrize("text", ["nothing", "", "T", "251215-000001-TT"])
def test_what_is_not_there_is_answered_with_what_is(day: Day, text: str) -> None:
    with pytest.raises(UnknownStoryError, match=r"251215-000001-T.*signals: .*best") as raised:
        day.story(text)
    assert not raised.value.ambiguous


def test_refused_signals_alone_have_no_best(strict_day: Day) -> None:
    with pytest.raises(UnknownStoryError, match="expected a finished trade"):
        strict_day.story("best")


def test_of_one_id_the_newest_run_counts_and_another_is_named_with_it(day: Day, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    copied(day, path, "paper-1")
    twice = copied(day, path, "paper-2")
    assert twice.story("1-T").run == "paper-2"
    assert twice.story("paper-1/1-T").run == "paper-1"
    with pytest.raises(UnknownStoryError):
        twice.story("paper-3/1-T")


def test_an_abandoned_run_counts_nowhere(day: Day, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    copied(day, path, "paper-1")
    twice = copied(day, path, "paper-2")
    with Ledger.open(path) as ledger:
        ledger.abandon_run("paper-2", 3)
    assert twice.story("best").run == "paper-1"


def test_an_empty_ledger_tells_of_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger.open(path).close()
    with LedgerReader(path) as ledger:
        assert ledger.runs() == []
    with pytest.raises(UnknownStoryError, match="tells of none yet"):
        Day(path).story("1-T")
