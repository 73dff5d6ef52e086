"""Settings: sources, precedence, and errors that name what is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings import loading


def write(home: Path, text: str) -> Path:
    (home / loading.FILE_NAME).write_text(text, "utf-8")
    return home


def test_without_sources_every_setting_has_its_documented_default(tmp_path: Path) -> None:
    rows = loading.describe(loading.load(tmp_path, environment={}))
    assert {row.source for row in rows} == {"default"}
    assert all(row.description.endswith(".") for row in rows)
    assert len(rows) == len({row.name for row in rows})


def test_override_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    home = write(tmp_path, "[risk]\nmax_positions = 4\nmax_leverage = 2.0\nmax_open_risk_pct = 1.5\n")
    environment = {"COCKPIT_RISK__MAX_POSITIONS": "5", "COCKPIT_RISK__MAX_LEVERAGE": "1.5"}
    loaded = loading.load(home, ["risk.max_positions=6"], environment)
    assert loaded.settings.risk.max_positions == 6
    assert loaded.settings.risk.max_leverage == 1.5
    assert loaded.settings.risk.max_open_risk_pct == 1.5
    assert loaded.sources["risk.max_positions"] == "--set risk.max_positions"
    assert loaded.sources["risk.max_leverage"] == "environment COCKPIT_RISK__MAX_LEVERAGE"
    assert loaded.sources["risk.max_open_risk_pct"] == str(home / loading.FILE_NAME)


def test_lists_are_comma_separated_in_overrides_and_environment(tmp_path: Path) -> None:
    loaded = loading.load(tmp_path, ["watchlist.instruments=NSE_EQ|A, NSE_EQ|B"], {})
    assert loaded.settings.watchlist.instruments == ("NSE_EQ|A", "NSE_EQ|B")


def test_every_bad_value_is_named_at_once_with_source_expectation_and_finding(tmp_path: Path) -> None:
    home = write(tmp_path, "[risk]\nrisk_per_trade_pct = 9\n")
    with pytest.raises(loading.SettingsError) as caught:
        loading.load(home, ["stop.atr_period=abc"], {"COCKPIT_ACCOUNT__MODE": "real"})
    text = str(caught.value)
    assert (
        f"{home / loading.FILE_NAME}: risk.risk_per_trade_pct: expected less than or equal to 2, got 9"
        in text
    )
    assert "--set stop.atr_period: stop.atr_period: expected integer" in text
    assert "environment COCKPIT_ACCOUNT__MODE: account.mode: expected 'paper' or 'live', got 'real'" in text


def test_an_unknown_setting_is_refused_with_near_matches(tmp_path: Path) -> None:
    with pytest.raises(
        loading.SettingsError, match=r"unknown setting 'risk.max_daily_loss'.*max_daily_loss_pct"
    ):
        loading.load(tmp_path, ["risk.max_daily_loss=3"], {})


@pytest.mark.parametrize("override", ["risk", "risk.x.y=1", "=1", "nonsense"])
def test_an_override_that_is_no_assignment_is_refused(tmp_path: Path, override: str) -> None:
    with pytest.raises(loading.SettingsError):
        loading.load(tmp_path, [override], {})


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    home = write(tmp_path, "\ufeff[risk]\nmax_positions = 4\n")
    assert loading.load(home, environment={}).settings.risk.max_positions == 4


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(loading.SettingsError, match=loading.FILE_NAME):
        loading.load(write(tmp_path, "[risk\n"), environment={})


def test_the_access_token_never_appears_in_tables_or_errors(tmp_path: Path) -> None:
    secret = "eyJhbGciOi-very-secret"
    loaded = loading.load(tmp_path, [f"upstox.access_token={secret}"], {})
    assert all(secret not in f"{row.value}{row.source}" for row in loading.describe(loaded))
    assert secret not in repr(loaded.settings)
    home = write(tmp_path, '[upstox]\naccess_token = ["eyJhbGciOi-very-secret"]\n')
    with pytest.raises(loading.SettingsError) as caught:
        loading.load(home, environment={})
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("https://api.example.com", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:1", True),
        ("http://[::1]:9", True),
        ("http://api.example.com", False),
        ("ftp://127.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_broker_addresses_are_tls_or_loopback(tmp_path: Path, address: str, *, accepted: bool) -> None:
    if accepted:
        assert loading.load(tmp_path, [f"upstox.api_url={address}"], {}).settings.upstox.api_url == address
    else:
        with pytest.raises(loading.SettingsError, match=r"upstox\.api_url"):
            loading.load(tmp_path, [f"upstox.api_url={address}"], {})


@given(st.text(max_size=30))
def test_no_text_for_a_number_crashes_the_loader(text: str) -> None:
    problem, value = "", 0.0
    try:
        value = loading.load(Path("/nonexistent"), [f"account.capital={text}"], {}).settings.account.capital
    except loading.SettingsError as error:
        problem = str(error)
    assert "account.capital" in problem or 1_000 <= value <= 1e10


def test_clock_settings_take_auto_or_a_time_of_day(tmp_path: Path) -> None:
    loaded = loading.load(tmp_path, ["session.flat_by=9:45", "session.last_entry=auto"], {})
    rows = {row.name: row.value for row in loading.describe(loaded)}
    assert rows["session.flat_by"] == "09:45:00"
    assert rows["session.last_entry"] == "auto"
    with pytest.raises(loading.SettingsError, match=r"session.flat_by: expected auto or HH:MM, got '25:00'"):
        loading.load(tmp_path, ["session.flat_by=25:00"], {})


def test_what_a_command_line_set_can_be_handed_on_as_environment(tmp_path: Path) -> None:
    words = ["account.mode=live", "watchlist.instruments=INFY,NIFTY FUT near", "recorder.enabled=false"]
    words += ["upstox.access_token=a.b.c", "risk.max_positions=2"]
    told = loading.load(tmp_path, words, {"COCKPIT_RISK__MAX_POSITIONS": "1"})
    handed_on = loading.load(tmp_path, (), loading.overrides_as_environment(told))
    assert handed_on.settings == told.settings
    assert "COCKPIT_PAPER__LATENCY_MS" not in loading.overrides_as_environment(told)
