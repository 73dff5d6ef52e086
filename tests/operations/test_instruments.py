"""``cockpit instruments TEXT``: what an alias means on a day, what holds the words, how fresh the lists are."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from engine.upstox.reference.file_state import InstrumentFile
from engine.upstox.reference.instrument_files import InstrumentFiles
from tests.fake_upstox import RunningFake, running_fake
from tests.operations.account import Told, command, of_fake, write_settings

INFY = "NSE_EQ|INE009A01021"


@dataclass
class Stand:
    """A home whose day is the feed's of a served fake."""

    fake: RunningFake
    root: Path
    capsys: pytest.CaptureFixture[str]

    def settings(self, **upstox: object) -> None:
        write_settings(
            self.root,
            {"session": {"clock": "feed"}},
            of_fake(self.fake, **({"access_token": self.fake.access_token} | upstox)),
        )

    def find(self, *words: str) -> Told:
        return command(self.capsys, self.root, "instruments", *words)

    def age(self, days: int = 2) -> None:
        """Let the kept lists have been confirmed days ago."""
        files = InstrumentFiles(self.root, self.fake.assets_url)
        for file in InstrumentFile:
            path = files.path(file)
            confirmed = path.stat().st_mtime - days * 86_400
            os.utime(path, (confirmed, confirmed))


@pytest.fixture(scope="module")
def served() -> Iterator[RunningFake]:
    with running_fake() as fake:
        yield fake


@pytest.fixture
def stand(served: RunningFake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Stand]:
    place = Stand(served, tmp_path / "home", capsys)
    place.settings()
    yield place
    served.control("POST", "state", {"master": {"cut": None}})


@pytest.mark.parametrize(
    ("words", "symbol", "told"),
    [
        (["INFY"], "INFY", ("lot 1", "tick 0.10", "intraday 5×")),
        ([INFY], "INFY", ("lot 1",)),
        (["NIFTY", "FUT", "near"], "NIFTY FUT 23 NOV 26", ("lot 65", "expires Mon 23 Nov 2026 (3 d left)")),
        (["nifty fut next"], "NIFTY FUT 29 DEC 26", ("expires Tue 29 Dec 2026 (39 d left)",)),
        (["NIFTY CE ATM weekly"], "NIFTY 26050 CE 23 NOV 26", ("lot 65", "(3 d left)", "intraday yes")),
        (["NIFTY PE 26000 next-weekly"], "NIFTY 26000 PE 01 DEC 26", ("(11 d left)",)),
    ],
)
def test_an_entry_of_the_watchlist_is_told_with_expiry_lot_days_left_and_eligibility(
    stand: Stand, words: list[str], symbol: str, told: tuple[str, ...]
) -> None:
    done = stand.find(*words)
    first, second, *_ = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert first == f"{' '.join(words)} is {symbol} on Fri 20 Nov 2026"
    for part in told:
        assert part in second


def test_another_day_makes_another_contract_of_the_same_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_fake(day=date(2026, 12, 1)) as fake:
        place = Stand(fake, tmp_path / "home", capsys)
        place.settings()
        weekly = place.find("NIFTY CE 26000 weekly").out.splitlines()
        near = place.find("NIFTY FUT near").out.splitlines()
    assert weekly[0].startswith("NIFTY CE 26000 weekly is NIFTY 26000 CE 01 DEC 26 on Tue 01 Dec")
    assert "(today)" in weekly[1]
    assert near[0] == "NIFTY FUT near is NIFTY FUT 29 DEC 26 on Tue 01 Dec 2026"


def test_words_find_what_holds_them_the_likeliest_first(stand: Stand) -> None:
    done = stand.find("infosys")
    heading, first, *_ = done.out.splitlines()
    assert (done.code, heading.split()) == (
        0,
        ["symbol", "key", "lot", "tick", "expiry", "left", "intraday", "name"],
    )
    assert first.split()[:5] == ["INFY", INFY, "1", "0.10", "5×"]
    many = stand.find("nifty", "ce", "--most", "3").out.splitlines()
    assert len(many) == 5
    assert many[-1].endswith("more: another word narrows it")


def test_an_unknown_name_is_a_no_with_what_may_have_been_meant(stand: Stand) -> None:
    done = stand.find("INFI")
    assert done.code == 1
    assert "got 'INFI'; did you mean INFY" in done.out
    assert len(done.out.splitlines()) == 1


def test_an_alias_without_a_contract_says_what_there_is(stand: Stand) -> None:
    done = stand.find("BANKNIFTY CE ATM weekly")
    assert done.code == 1
    assert "got monthly ones only (2026-11-23); say monthly" in done.out


def test_a_name_that_may_not_be_traded_intraday_is_shown_as_such(stand: Stand) -> None:
    done = stand.find("PLAIN06")
    assert (done.code, "intraday no" in done.out) == (0, True)
    assert "expected a name on today's intraday list, got PLAIN06" in done.out
    assert "did you mean PLAIN" in done.out


def test_the_strike_at_the_money_without_a_token_says_what_it_needs(stand: Stand) -> None:
    stand.settings(access_token="")
    done = stand.find("NIFTY CE ATM weekly")
    assert done.code == 1
    assert "expected the last price of NIFTY" in done.out
    assert "sign in again with cockpit login" in done.err


def test_fresh_lists_are_not_asked_for_again(stand: Stand) -> None:
    stand.find("INFY")
    stand.fake.control("DELETE", "calls")
    assert stand.find("TCS").code == 0
    assert stand.fake.calls("instrument_file") == []


def test_a_cut_download_leaves_the_older_list_and_says_so_until_a_better_one_comes(stand: Stand) -> None:
    stand.find("INFY")
    stand.age()
    stand.fake.control("POST", "state", {"master": {"cut": "NSE.json.gz"}})
    stale = stand.find("INFY")
    assert (stale.code, stale.out.startswith("INFY is INFY")) == (0, True)
    [said] = stale.err.splitlines()
    assert said.startswith("cockpit: NSE: STALE: last confirmed")
    assert "expected a readable instrument file" in said
    stand.fake.control("POST", "state", {"master": {"cut": None}})
    fresh = stand.find("INFY")
    assert (fresh.code, fresh.err) == (0, "")


def test_an_unreachable_broker_leaves_the_kept_lists_and_calls_them_stale(stand: Stand) -> None:
    with running_fake() as other:
        place = Stand(other, stand.root, stand.capsys)
        place.settings()
        place.find("INFY")
        place.age()
        place.settings(access_token="")
    done = place.find("INFY")
    assert (done.code, done.out.startswith("INFY is INFY on ")) == (0, True)
    lines = done.err.splitlines()
    assert [line.split(": ")[1:3] for line in lines] == [["NSE", "STALE"], ["NSE_MIS", "STALE"]]
    assert all("expected a connection" in line for line in lines)


def test_without_any_list_and_any_network_one_line_says_what_to_do(stand: Stand) -> None:
    stand.settings(assets_url="http://127.0.0.1:9")
    done = stand.find("INFY")
    assert (done.code, done.out) == (1, "")
    [line] = done.err.splitlines()
    assert line.endswith("connect to the network and try again")


def test_bad_use_is_exit_2(stand: Stand) -> None:
    assert stand.find().code == 2
    assert stand.find("INFY", "--most", "none").code == 2
