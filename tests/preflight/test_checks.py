"""Each check on its own against the fake broker: what it measures, what it refuses, what it says."""

import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

import config
from engine.market.clock import SECOND, trading_date
from engine.preflight import survey as surveying
from engine.preflight import system as machine
from engine.preflight.authentication import (
    check_address,
    check_funds,
    check_profile,
    check_segments,
    check_token,
)
from engine.preflight.configuration import (
    check_calendar,
    check_instruments,
    check_settings,
    check_square_off,
    check_watchlist,
)
from engine.preflight.connectivity import check_clock, check_feed, check_order_host, check_rest
from engine.preflight.feed import FeedSight
from engine.preflight.probes import Once
from engine.preflight.report import CheckState
from engine.preflight.system import check_disk, check_handles, check_memory, check_network, check_processor
from engine.upstox.rest.token import Token
from tests.fake_upstox import RunningFake, running_fake
from tests.preflight.surroundings import named, only, settings_for, survey_of


@pytest.fixture(scope="module")
def served() -> Iterator[RunningFake]:
    with running_fake() as fake:
        yield fake


@pytest.fixture
def fake(served: RunningFake) -> Iterator[RunningFake]:
    """The fake as it began: what a test changes is taken back."""
    yield served
    served.control("DELETE", "faults")
    served.control("POST", "clock", {"skew_seconds": 0})
    served.control(
        "POST",
        "state",
        {
            "is_active": True,
            "primary_ip": "203.0.113.10",
            "secondary_ip": None,
            "caller_ip": "203.0.113.10",
            "segments": {"NSE_EQ": True, "NSE_FO": True},
            "capital": 1_000_000,
            "holidays": [],
            "master": {"cut": None},
        },
    )


@pytest.fixture(autouse=True)
def short_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch the feed for less than a person would: what is seen does not depend on it."""
    monkeypatch.setattr(surveying, "WATCHED", 0.2)
    monkeypatch.setattr(machine, "_WINDOW_SECONDS", 0.02)


def test_a_quick_broker_is_reached_and_measured(fake: RunningFake, tmp_path: Path) -> None:
    survey = survey_of(fake, tmp_path)
    rest = only(check_rest(survey))
    assert (rest.state, rest.reason) == (CheckState.GO, "")
    assert rest.figure.startswith("handshake ")
    assert only(check_order_host(survey, live=True)).state is CheckState.GO


def test_a_dead_host_is_named(fake: RunningFake, tmp_path: Path) -> None:
    dead = {"api_url": "http://127.0.0.1:9", "order_url": "http://127.0.0.1:9"}
    survey = survey_of(fake, tmp_path, upstox=dead)
    for check in (only(check_rest(survey)), only(check_order_host(survey, live=True))):
        assert check.state is CheckState.NO_GO
        assert "the broker cannot be reached: expected a connection to http://127.0.0.1:9 in" in check.reason
    assert only(check_order_host(survey, live=False)).state is CheckState.WARN
    assert only(check_feed(survey)).state is CheckState.NOT_ASKED
    assert only(check_profile(survey)).state is CheckState.NOT_ASKED


def test_a_slow_host_is_named_with_its_time(fake: RunningFake, tmp_path: Path) -> None:
    fake.plant("delay", call="all", delay=0.3, times=0)
    survey = survey_of(fake, tmp_path, preflight={"max_latency_ms": 200})
    check = only(check_rest(survey))
    assert check.state is CheckState.NO_GO
    assert check.reason.startswith("the broker answers slowly: expected at most 200 ms, got 3")


def test_a_broker_in_trouble_is_no_go(fake: RunningFake, tmp_path: Path) -> None:
    fake.plant("status", call="all", status=502, html=True, times=0)
    check = only(check_rest(survey_of(fake, tmp_path)))
    assert (check.state, check.reason) == (
        CheckState.NO_GO,
        "expected an answer of the broker, got its server's failure (HTTP 502)",
    )


def test_the_feed_is_looked_at_for_every_instrument(fake: RunningFake, tmp_path: Path) -> None:
    checks = check_feed(survey_of(fake, tmp_path))
    assert [check.state for check in checks] == [CheckState.GO] * 3
    assert "NSE_FO NORMAL_OPEN" in named(checks, "feed").figure
    assert named(checks, "first update").figure.endswith("3 of 3 instruments heard")
    assert fake.control("GET", "state")["market_clients"] == []


@pytest.mark.parametrize(
    ("delays", "state", "reason"),
    [
        ((), CheckState.GO, "too few live frames to judge"),
        ((0.1, 9.0), CheckState.GO, "too few live frames to judge"),
        ((0.1,) * 5, CheckState.GO, ""),
        ((*(0.1,) * 100, 6.0), CheckState.GO, ""),
        (
            (*(0.1,) * 98, 6.0, 6.0),
            CheckState.NO_GO,
            "the feed comes late: expected at most 5000 ms for 99 of 100 updates",
        ),
    ],
)
def test_a_feed_whose_slowest_frames_are_too_late_is_no_go(
    fake: RunningFake, tmp_path: Path, delays: tuple[float, ...], state: CheckState, reason: str
) -> None:
    survey = survey_of(fake, tmp_path)
    seen = FeedSight(0.01, 0.02, frozenset(survey.wanted()), 0.0, delays, None, {})
    survey.feed = Once(lambda: seen)
    check = named(check_feed(survey), "feed delay")
    assert (check.state, check.reason) == (state, reason)
    assert check.values["frames"] == len(delays)
    assert ("p99_ms" in check.values) is bool(delays)


def test_a_refused_feed_is_no_go(fake: RunningFake, tmp_path: Path) -> None:
    fake.plant("refuse-connection", stream="market", times=0)
    check = only(check_feed(survey_of(fake, tmp_path)))
    assert (check.state, check.reason) == (
        CheckState.NO_GO,
        "expected the feed to open, got a refusal (HTTP 403)",
    )


def test_a_mute_feed_is_no_go_after_the_wait(fake: RunningFake, tmp_path: Path) -> None:
    fake.plant("mute", stream="market", times=0)
    checks = check_feed(survey_of(fake, tmp_path, preflight={"first_update_seconds": 1}))
    assert named(checks, "first update").reason == "expected a first update within 1 s, got none"


@pytest.mark.parametrize(("off", "side"), [(90.0, "ahead"), (-90.0, "behind")])
def test_a_clock_90_seconds_off_is_no_go(fake: RunningFake, tmp_path: Path, off: float, side: str) -> None:
    check = only(check_clock(survey_of(fake, tmp_path, off=off)))
    assert check.state is CheckState.NO_GO
    assert side in check.reason
    assert check.figure[:3] in ("+90", "+89", "-90", "-89")


def test_a_clock_that_agrees_is_go_and_the_feed_may_be_the_clock(fake: RunningFake, tmp_path: Path) -> None:
    assert only(check_clock(survey_of(fake, tmp_path))).state is CheckState.GO
    survey = survey_of(fake, tmp_path, off=10_000.0, session={"clock": "feed"})
    assert only(check_clock(survey)).state is CheckState.GO


def test_without_the_feed_the_clock_is_compared_with_the_date_of_an_answer(
    fake: RunningFake, tmp_path: Path
) -> None:
    fake.plant("refuse-connection", stream="market", times=0)
    good = only(check_clock(survey_of(fake, tmp_path)))
    assert (good.state, good.values["by"]) == (CheckState.GO, "the date of an answer")
    assert only(check_clock(survey_of(fake, tmp_path, off=90.0))).state is CheckState.NO_GO
    nowhere = survey_of(fake, tmp_path, upstox={"api_url": "http://127.0.0.1:9"})
    assert only(check_clock(nowhere)).state is CheckState.NOT_ASKED


def test_the_feed_of_a_running_engine_is_left_alone(fake: RunningFake, tmp_path: Path) -> None:
    fake.control("DELETE", "calls")
    survey = survey_of(fake, tmp_path)
    survey.feed_in_use = True
    assert only(check_feed(survey)).figure == "in use"
    assert only(check_clock(survey)).values["by"] == "the date of an answer"
    assert fake.calls("authorize_market") == []


def test_where_the_feed_is_the_clock_the_token_ends_by_the_feeds_time(
    fake: RunningFake, tmp_path: Path
) -> None:
    # This machine thinks that it is two days later: the token would be dead by that.
    survey = survey_of(fake, tmp_path, off=2 * 86_400.0, session={"clock": "feed"})
    check = only(check_token(survey))
    assert (check.state, check.figure.startswith("good until 21 Nov 03:30 (in ")) == (CheckState.GO, True)
    assert survey.day().isoformat() == fake.control("GET", "state")["day"]
    assert only(check_calendar(survey, live=True)).state is CheckState.GO


def test_beside_an_engine_that_lives_by_the_feed_no_other_clock_judges_the_token(
    fake: RunningFake, tmp_path: Path
) -> None:
    survey = survey_of(fake, tmp_path, off=2 * 86_400.0, session={"clock": "feed"})
    survey.feed_in_use, survey._given_day = True, trading_date(survey.now() - 2 * 86_400 * SECOND)
    fake.control("POST", "clock", {"skew_seconds": 3 * 86_400})
    check = only(check_token(survey))
    assert (check.state, check.figure) == (CheckState.GO, "says it is good until 21 Nov 03:30")
    assert only(check_calendar(survey, live=True)).state is CheckState.GO


def test_a_token_is_read_for_its_end(fake: RunningFake, tmp_path: Path) -> None:
    check = only(check_token(survey_of(fake, tmp_path)))
    assert check.state is CheckState.GO
    assert "03:30" in check.figure


@pytest.mark.parametrize(
    ("token", "off", "reason"),
    [
        ("", 0.0, "expected an access token, got none"),
        (None, 86_400.0, "the token has expired"),
        ("opaque", 0.0, ""),
    ],
)
def test_a_token_that_is_missing_or_over_is_no_go(
    fake: RunningFake, tmp_path: Path, token: str | None, off: float, reason: str
) -> None:
    text = fake.access_token if token is None else token
    check = only(check_token(survey_of(fake, tmp_path, off=off, upstox={"access_token": text})))
    assert check.reason.startswith(reason)
    assert check.state is (CheckState.NO_GO if reason else CheckState.WARN)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"two words\n", b""])
def test_a_token_file_that_cannot_be_used_is_named_and_not_told_as_missing(
    fake: RunningFake, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    check = only(check_token(survey_of(fake, tmp_path, upstox={"access_token": ""})))
    assert check.state is CheckState.NO_GO
    assert check.reason.startswith(f"{tmp_path / 'token'}: expected a ")
    assert check.reason.endswith("; sign in with `cockpit login`")


def test_a_token_that_ends_before_everything_is_flat_is_no_go(fake: RunningFake, tmp_path: Path) -> None:
    expires = Token(fake.access_token).expires
    assert expires is not None
    survey = survey_of(fake, tmp_path)
    # At 03:00 the token has half an hour to go, the next session (Monday the 23rd) is still to come.
    survey.now = lambda: expires - 30 * 60 * 1_000_000
    survey._given_day = trading_date(expires + 2 * 86_400 * 1_000_000)
    assert "before everything must be flat" in only(check_token(survey)).reason


def test_a_dead_token_is_refused_by_the_profile(fake: RunningFake, tmp_path: Path) -> None:
    bad = {"access_token": "not.a.token"}
    check = only(check_profile(survey_of(fake, tmp_path, upstox=bad)))
    assert check.state is CheckState.NO_GO
    assert "sign in again" in check.reason
    assert "not.a.token" not in check.reason


def test_the_profile_says_whose_account_it_is(fake: RunningFake, tmp_path: Path) -> None:
    check = only(check_profile(survey_of(fake, tmp_path)))
    assert (check.state, check.figure) == (
        CheckState.GO,
        "Fake Trader (FAKE01) at UPSTOX; products D, I, MTF",
    )
    fake.control("POST", "state", {"is_active": False})
    assert "inactive" in only(check_profile(survey_of(fake, tmp_path))).reason


def test_a_segment_that_the_watchlist_needs_and_is_off_is_named(fake: RunningFake, tmp_path: Path) -> None:
    survey = survey_of(fake, tmp_path)
    assert only(check_segments(survey, live=True)).figure == "NSE_EQ on, NSE_FO on"
    fake.control("POST", "state", {"segments": {"NSE_FO": False}})
    check = only(check_segments(survey, live=True))
    assert (check.state, check.figure) == (CheckState.NO_GO, "NSE_EQ on, NSE_FO off")
    assert check.reason.startswith("segment off: expected NSE_FO to be active")
    assert only(check_segments(survey, live=False)).state is CheckState.WARN
    cash = survey_of(fake, tmp_path, watchlist={"instruments": ("INFY",)})
    assert only(check_segments(cash, live=True)).state is CheckState.GO


def test_a_segment_under_the_brokers_kill_switch_is_named(fake: RunningFake, tmp_path: Path) -> None:
    fake.ask(lambda broker: setattr(broker.account.segments["NSE_FO"], "killed", True))
    try:
        check = only(check_segments(survey_of(fake, tmp_path), live=True))
    finally:
        fake.ask(lambda broker: setattr(broker.account.segments["NSE_FO"], "killed", False))
    assert (check.state, check.figure) == (CheckState.NO_GO, "NSE_EQ on, NSE_FO killed")


@pytest.mark.parametrize(
    ("ours", "primary", "secondary", "state", "text"),
    [
        ("203.0.113.10", "203.0.113.10", None, CheckState.GO, ""),
        ("203.0.113.10", "198.51.100.7", "203.0.113.10", CheckState.GO, ""),
        (
            "203.0.113.10",
            "198.51.100.7",
            None,
            CheckState.NO_GO,
            "wrong IP: expected orders to leave from 198.51.100.7, as registered, got 203.0.113.10",
        ),
        ("", "203.0.113.10", None, CheckState.WARN, "not compared"),
        ("203.0.113.10", None, None, CheckState.NO_GO, "expected an address registered for orders, got none"),
    ],
)
def test_the_registered_address_must_be_this_machines(
    fake: RunningFake,
    tmp_path: Path,
    ours: str,
    primary: str | None,
    secondary: str | None,
    state: CheckState,
    text: str,
) -> None:
    fake.control("POST", "state", {"primary_ip": primary, "secondary_ip": secondary})
    survey = survey_of(fake, tmp_path, preflight={"public_ip": ours})
    check = only(check_address(survey, live=True))
    assert check.state is state
    assert text in check.reason
    paper = only(check_address(survey, live=False)).state
    assert paper is (CheckState.WARN if state is CheckState.NO_GO else state)


def test_before_live_a_write_proves_the_address_where_nobody_names_ours(
    fake: RunningFake, tmp_path: Path
) -> None:
    unnamed = {"public_ip": ""}
    fake.control("DELETE", "calls")
    paper = only(check_address(survey_of(fake, tmp_path, preflight=unnamed), live=False))
    assert (paper.state, paper.values["writes_accepted"]) == (CheckState.WARN, None)
    assert fake.calls("cancel") == []
    good = only(check_address(survey_of(fake, tmp_path, preflight=unnamed), live=True))
    assert (good.state, good.values["writes_accepted"]) == (CheckState.WARN, True)
    fake.control("POST", "state", {"caller_ip": "198.51.100.7"})
    bad = only(check_address(survey_of(fake, tmp_path, preflight=unnamed), live=True))
    assert (bad.state, bad.values["writes_accepted"]) == (CheckState.NO_GO, False)
    assert bad.reason.startswith("wrong IP: the broker takes no writes from this machine's address")
    assert [call["status"] for call in fake.calls("cancel")] == [404, 403]


def test_live_is_refused_while_nothing_proves_the_address(fake: RunningFake, tmp_path: Path) -> None:
    fake.plant("status", call="cancel", status=503, times=0)
    survey = survey_of(fake, tmp_path, preflight={"public_ip": ""})
    check = only(check_address(survey, live=True))
    assert (check.state, "preflight.public_ip" in check.reason) == (CheckState.NO_GO, True)


def test_what_a_missing_token_leaves_unasked_is_told_once(fake: RunningFake, tmp_path: Path) -> None:
    survey = survey_of(fake, tmp_path, upstox={"access_token": ""})
    checks = [
        *check_profile(survey),
        *check_segments(survey, live=True),
        *check_address(survey, live=True),
        *check_funds(survey, live=True),
        *check_feed(survey),
        *check_calendar(survey, live=True),
    ]
    assert {(check.state, check.reason) for check in checks} == {
        (CheckState.NOT_ASKED, "not asked: it needs a token that works")
    }


def test_funds_are_read_and_missing_ones_stop_live(fake: RunningFake, tmp_path: Path) -> None:
    survey = survey_of(fake, tmp_path)
    assert only(check_funds(survey, live=True)).figure == "10,00,000.00 rupees free"
    fake.control("POST", "state", {"capital": 1_000})
    assert "the smaller one is the account" in only(check_funds(survey, live=True)).reason
    fake.control("POST", "state", {"capital": 0})
    assert only(check_funds(survey, live=True)).state is CheckState.NO_GO


def test_every_entry_of_the_watchlist_has_a_line(fake: RunningFake, tmp_path: Path) -> None:
    entries = ("INFY", "NIFTY FUT near", "BANKNIFTY CE ATM monthly", "INFI", "INFY")
    survey = survey_of(fake, tmp_path, watchlist={"instruments": entries})
    checks = check_watchlist(survey)
    assert [check.name for check in checks] == [f"watchlist {entry}" for entry in entries[:4]]
    assert [check.state for check in checks[:3]] == [CheckState.GO] * 3
    assert "lot 1 · tick 0.10 · 5× intraday" in checks[0].figure
    assert "expires" in checks[1].figure
    assert checks[3].state is CheckState.NO_GO
    assert "did you mean INFY" in checks[3].reason


def test_an_empty_watchlist_and_one_without_a_master_are_no_go(fake: RunningFake, tmp_path: Path) -> None:
    empty = only(check_watchlist(survey_of(fake, tmp_path, watchlist={"instruments": ()})))
    assert empty.reason.startswith("expected at least one instrument")
    nowhere = survey_of(fake, tmp_path, upstox={"assets_url": "http://127.0.0.1:9"})
    assert only(check_watchlist(nowhere)).state is CheckState.NOT_ASKED
    assert only(check_instruments(nowhere, live=True)).reason.startswith("expected the instrument master")


def test_fresh_lists_are_counted_and_a_stale_copy_is_named(fake: RunningFake, tmp_path: Path) -> None:
    fresh = check_instruments(survey_of(fake, tmp_path), live=True)
    assert [check.state for check in fresh] == [CheckState.GO, CheckState.GO]
    assert "listed, new" in fresh[0].figure
    fake.control("POST", "state", {"master": {"cut": "NSE.json.gz"}})
    stale = check_instruments(survey_of(fake, tmp_path, off=86_400.0), live=True)
    assert [check.state for check in stale] == [CheckState.WARN, CheckState.GO]
    assert stale[0].reason.startswith("STALE: last confirmed")


def test_both_calendars_must_hold_the_day(fake: RunningFake, tmp_path: Path) -> None:
    survey = survey_of(fake, tmp_path)
    good = only(check_calendar(survey, live=True))
    assert good.state is CheckState.GO
    assert "both trade" in good.figure
    day = survey.day().isoformat()
    fake.control(
        "POST",
        "state",
        {
            "holidays": [
                {
                    "date": day,
                    "description": "Sudden elections",
                    "holiday_type": "TRADING_HOLIDAY",
                    "closed_exchanges": ["NSE", "NFO", "BSE", "BFO"],
                    "open_exchanges": [],
                }
            ]
        },
    )
    bad = only(check_calendar(survey, live=True))
    assert (bad.state, "Sudden elections" in bad.reason) == (CheckState.NO_GO, True)
    assert only(check_calendar(survey, live=False)).state is CheckState.WARN


def test_a_silent_calendar_stops_live_only(fake: RunningFake, tmp_path: Path) -> None:
    fake.plant("status", call="all", status=503, times=0)
    survey = survey_of(fake, tmp_path)
    check = only(check_calendar(survey, live=True))
    assert (check.state, "was not answered" in check.reason) == (CheckState.NO_GO, True)
    assert only(check_calendar(survey, live=False)).state is CheckState.WARN


def test_live_needs_the_brokers_own_square_off(fake: RunningFake, tmp_path: Path) -> None:
    named_times = survey_of(fake, tmp_path)
    assert only(check_square_off(named_times, live=True)).state is CheckState.GO
    unknown = survey_of(fake, tmp_path, session={"broker_squareoff": ""})
    assert only(check_square_off(unknown, live=True)).state is CheckState.NO_GO
    paper = only(check_square_off(unknown, live=False))
    assert (paper.state, paper.stops_live) == (CheckState.WARN, True)


@pytest.mark.parametrize(
    "table",
    ["yes", "15:15", "15:15 cash", "cash 15:15 as of 11 Sep 2026 ", "the broker's page of 11 Sep 2026"],
)
def test_a_square_off_without_times_date_and_source_stops_live(
    fake: RunningFake, tmp_path: Path, table: str
) -> None:
    survey = survey_of(fake, tmp_path, session={"broker_squareoff": table})
    check = only(check_square_off(survey, live=True))
    assert (check.state, "date and source" in check.reason) == (CheckState.NO_GO, True), table


@pytest.mark.parametrize(
    "table",
    [
        "15:15 cash; broker's page of 11 Sep 2026",
        "cash 15:15, F&O 15:25; the broker's page of 14 Dec 2025",
        "15:20, support chat 2026-11-02",
        "equity 15.15 F&O 15.25 (help page, 02/11/2026)",
    ],
)
def test_a_square_off_with_times_date_and_source_is_go(fake: RunningFake, tmp_path: Path, table: str) -> None:
    survey = survey_of(fake, tmp_path, session={"broker_squareoff": table})
    assert only(check_square_off(survey, live=True)).state is CheckState.GO


@pytest.mark.parametrize(
    ("table", "flat_by", "told"),
    [
        (
            "cash 15:12, F&O 15:25; the broker's page of 14 Dec 2025",
            "auto",
            "in stock where it closes at 15:12",
        ),
        ("15:04; the broker's page of 14 Dec 2025", "auto", "flat by 15:00 in auction-stock where it closes"),
        ("15:04; the broker's page of 14 Dec 2025", "14:59", ""),
    ],
)
def test_who_is_not_flat_five_minutes_before_the_broker_closes_does_not_trade_live(
    fake: RunningFake, tmp_path: Path, table: str, flat_by: str, told: str
) -> None:
    survey = survey_of(fake, tmp_path, session={"broker_squareoff": table, "flat_by": flat_by})
    check = only(check_square_off(survey, live=True))
    assert check.state is (CheckState.NO_GO if told else CheckState.GO)
    assert told in check.reason
    if told:
        assert "set an earlier session.flat_by" in check.reason
        paper = only(check_square_off(survey, live=False))
        assert (paper.state, paper.stops_live) == (CheckState.WARN, True)


def test_a_typed_word_accepts_that_the_square_off_is_not_confirmed(fake: RunningFake, tmp_path: Path) -> None:
    survey = survey_of(fake, tmp_path, session={"broker_squareoff": "ACCEPTED"})
    check = only(check_square_off(survey, live=True))
    assert (check.state, check.stops_live) == (CheckState.WARN, False)
    assert "not confirmed" in check.reason
    lower = survey_of(fake, tmp_path, session={"broker_squareoff": "accepted"})
    assert only(check_square_off(lower, live=True)).state is CheckState.NO_GO


def test_settings_are_told_good_or_bad(fake: RunningFake) -> None:
    assert only(check_settings({"upstox.api_url": "--set"}, "")).figure.startswith("1 set")
    bad = only(check_settings({}, "one\ntwo"))
    assert (bad.state, bad.reason) == (CheckState.NO_GO, "bad setting: one; two")
    exposed = only(check_settings({}, "", "/home/x/cockpit.toml"))
    assert (exposed.state, "chmod 600 /home/x/cockpit.toml" in exposed.reason) == (CheckState.WARN, True)
    open_home = ("others on this machine may write /home/x: chmod go-w /home/x",)
    paper, live = (only(check_settings({}, "", "", open_home, live=mode)) for mode in (False, True))
    assert (paper.state, paper.stops_live, live.state) == (CheckState.WARN, True, CheckState.NO_GO)
    assert paper.reason == live.reason == open_home[0]
    assert settings_for(fake).upstox.access_token not in repr(settings_for(fake))


def test_a_machine_with_room_is_go(tmp_path: Path) -> None:
    settings = config.PreflightSettings(min_disk_mb=1, min_memory_mb=1, max_cpu_pct=100)
    for check in (
        only(check_processor(settings, live=True)),
        only(check_memory(settings)),
        only(check_disk(settings, tmp_path / "home" / "not yet there")),
        only(check_handles(settings)),
    ):
        assert (check.state, check.reason) == (CheckState.GO, "")
        assert check.figure
    assert list(tmp_path.iterdir()) == []


def test_a_network_must_be_up_unless_the_broker_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loopback = SimpleNamespace(isup=True, flags="up,loopback,running")
    wire = SimpleNamespace(isup=True, flags="up,broadcast,running")
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {"lo": loopback})
    assert only(check_network(on_this_machine=True)).state is CheckState.GO
    assert only(check_network(on_this_machine=False)).state is CheckState.NO_GO
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {"lo": loopback, "eth0": wire})
    check = only(check_network(on_this_machine=False))
    assert (check.state, check.figure) == (CheckState.GO, "eth0 up")


def test_a_machine_without_room_is_no_go(tmp_path: Path) -> None:
    settings = config.PreflightSettings(
        min_disk_mb=1_000_000, min_memory_mb=1_000_000, min_file_handles=1_000_000
    )
    for check in (
        only(check_memory(settings)),
        only(check_disk(settings, tmp_path)),
        only(check_handles(settings)),
    ):
        assert check.state is CheckState.NO_GO
        assert check.reason.startswith("expected at least")


def test_a_full_disk_is_no_go(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        check = only(check_disk(config.PreflightSettings(min_disk_mb=1), tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert check.state is CheckState.NO_GO
    assert "expected a disk that takes 65,536 bytes" in check.reason
    assert list(tmp_path.iterdir()) == []
