"""Every setting in one table: what it means, its unit, its bounds, its default and where its value came from.

Sources, later ones win: defaults, ``cockpit.toml`` in the home, environment ``COCKPIT_SECTION__KEY``, ``--set``.
"""

import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationError,
    field_validator,
)

ENVIRONMENT_PREFIX: Final = "COCKPIT_"
OVERRIDE: Final = "--set"
FILE_NAME: Final = "cockpit.toml"
_NOT_SETTINGS: Final = frozenset({"COCKPIT_HOME"})
_LONGEST_FILE: Final = 256 * 1024
"""Bytes of a settings file."""
_LONGEST_SHOWN: Final = 200
_MOST_TOLD: Final = 20
"""Bad settings that are named one by one."""
_SHORT: Final = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


class SettingsError(ValueError):
    """One or more bad settings, each named with its source, what was expected and what was found."""


def _parse_clock(value: object) -> object:
    if isinstance(value, str) and value != "auto":
        parts = value.split(":")
        if len(parts) in (2, 3) and all(part.isdigit() for part in parts):
            try:
                return time.fromisoformat(":".join(part.zfill(2) for part in parts))
            except ValueError:
                return value
    return value


ClockOrAuto = Annotated[
    time | Literal["auto"],
    PlainSerializer(
        lambda value: value if isinstance(value, str) else value.strftime("%H:%M:%S"), return_type=str
    ),
]

Mode = Literal["off", "ask", "auto"]
ModeByWorld = Literal["off", "ask", "auto", "by-world"]
"""``by-world`` trades by itself in demo, replay and paper, and asks where real money is meant."""


class SettingsSection(BaseModel):
    """A group of settings: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class AccountSettings(SettingsSection):
    """Whose money, and how much of it."""

    mode: Literal["paper", "live"] = Field("paper", description="Which broker takes the orders.")
    capital: float = Field(
        1_000_000,
        ge=1_000,
        le=1e10,
        description="Account size in rupees; every percentage is of the day's opening account.",
    )


class UpstoxSettings(SettingsSection):
    """The broker's addresses and the day's token."""

    api_url: str = Field(
        "https://api.upstox.com",
        description="REST address for everything but order writes; http only on loopback.",
    )
    order_url: str = Field(
        "https://api-hft.upstox.com",
        description="Address for place, modify and cancel; http only on loopback.",
    )
    assets_url: str = Field(
        "https://assets.upstox.com", description="Address of the instrument files; http only on loopback."
    )
    access_token: str = Field("", repr=False, description="Access token of the day; shown as a length only.")
    client_id: str = Field("", description="API key of the broker's app, for the sign-in.")
    client_secret: str = Field(
        "", repr=False, description="API secret of the broker's app; shown as a length only."
    )
    redirect_uri: str = Field(
        "http://127.0.0.1:8787/",
        description="Redirect address registered with the app; on loopback the sign-in catches the code itself.",
    )
    notifier_uri: str = Field(
        "",
        description="Loopback address that the app's public notifier address forwards to, for `cockpit login --token-request`; empty: the token is pasted.",
    )
    algo_name: str = Field("", description="Name of a registered algo, sent with orders; empty sends none.")
    connect_timeout_seconds: float = Field(
        3.0, ge=0.1, le=30, description="Longest wait for a connection to the broker, seconds."
    )
    read_timeout_seconds: float = Field(
        7.0, ge=0.1, le=60, description="Longest wait for a broker's answer, seconds."
    )

    @field_validator("api_url", "order_url", "assets_url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        parts = _parts_of(value)
        if parts.scheme == "https" and parts.hostname:
            return value
        if parts.scheme == "http" and is_loopback(parts.hostname or ""):
            return value
        raise ValueError("expected an https address (http on loopback only)")

    @field_validator("redirect_uri", "notifier_uri")
    @classmethod
    def _check_own_address(cls, value: str) -> str:
        _parts_of(value)
        return value


def _parts_of(address: str) -> SplitResult:
    """Return an address's parts; raise ValueError for one that does not read, or says a user and a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("expected an address that can be read") from None
    if "@" in parts.netloc:
        raise ValueError("expected an address without a user and a password")
    return parts


class WatchlistSettings(SettingsSection):
    """Which instruments are followed."""

    instruments: tuple[str, ...] = Field(
        (), max_length=50, description="Instrument keys or aliases, in screen order."
    )


class FeedSettings(SettingsSection):
    """The market-data connection of paper and live."""

    ping_seconds: float = Field(
        10.0, ge=1, le=60, description="Between two pings of ours on a stream, seconds."
    )
    pong_seconds: float = Field(
        10.0, ge=1, le=60, description="A ping unanswered for this long ends the connection, seconds."
    )
    open_seconds: float = Field(
        10.0, ge=1, le=60, description="Longest wait for authorize and handshake, seconds."
    )
    first_wait_seconds: float = Field(
        0.5,
        ge=0.01,
        le=10,
        description="Wait before the first reconnection, seconds; each further one doubles it.",
    )
    longest_wait_seconds: float = Field(
        30.0, ge=0.1, le=300, description="Longest wait between two reconnections, seconds."
    )
    batch: int = Field(100, ge=1, le=1_500, description="Instrument keys in one subscription message.")


class RecorderSettings(SettingsSection):
    """What paper and live keep of the feed."""

    enabled: bool = Field(True, description="Record every paper and live session.")
    keep_days: int = Field(
        60, ge=1, le=3_650, description="Recordings older than this are removed at a start, days."
    )


class PreflightSettings(SettingsSection):
    """Where the checks before trading draw their lines."""

    max_latency_ms: int = Field(
        1_500, ge=10, le=60_000, description="Slowest handshake or REST answer that may trade, milliseconds."
    )
    max_feed_delay_ms: int = Field(
        5_000, ge=100, le=60_000, description="Largest p99 of the feed's delay that may trade, milliseconds."
    )
    max_clock_offset_ms: int = Field(
        2_000,
        ge=10,
        le=600_000,
        description="Largest difference between our clock and the broker's, milliseconds.",
    )
    first_update_seconds: float = Field(
        10.0, ge=1, le=120, description="Longest wait for the feed's first update, seconds."
    )
    min_disk_mb: int = Field(500, ge=1, le=1_000_000, description="Free disk that a day needs, megabytes.")
    min_memory_mb: int = Field(
        300, ge=1, le=1_000_000, description="Free memory that a day needs, megabytes."
    )
    min_file_handles: int = Field(256, ge=32, le=1_000_000, description="File handles the engine may open.")
    max_cpu_pct: float = Field(
        90.0,
        ge=1,
        le=100,
        description="Processor use of the whole machine above which trading waits, percent.",
    )
    public_ip: str = Field(
        "",
        description="This machine's public address, to compare with the registered one; empty is not compared.",
    )


class ProfileSettings(SettingsSection):
    """How the auction is read."""

    row: float | Literal["auto"] = Field(
        "auto",
        description="Profile row height in rupees, or auto (at most 80 rows over the average daily range).",
    )
    value_area_rule: Literal["dual", "one-row"] = Field(
        "dual", description="How the value area grows: pairs of rows or single rows."
    )
    value_area_pct: int = Field(
        70, ge=50, le=95, description="Share of the profile inside the value area, percent."
    )
    bracket_minutes: Literal[5, 10, 15, 20, 30, 60] = Field(
        30, description="Length of one TPO bracket, minutes."
    )
    initial_balance_minutes: Literal[30, 60] = Field(
        60, description="Length of the initial balance, minutes."
    )

    @field_validator("row")
    @classmethod
    def _check_row(cls, value: float | str) -> float | str:
        if isinstance(value, float) and not 0.01 <= value <= 10_000:
            raise ValueError("expected auto or 0.01 to 10000 rupees")
        return value


class RiskSettings(SettingsSection):
    """How much may be lost, and how much may be held. Limits tighten at once and loosen from the next trading day."""

    risk_per_trade_pct: float = Field(
        1.0, ge=0.1, le=2.0, description="Risk budget of one trade, percent of the account."
    )
    max_daily_loss_pct: float = Field(
        5.0,
        ge=0.1,
        le=10.0,
        description="Loss of the day at which everything is flattened, percent of the account.",
    )
    account_loss_pct: float = Field(
        5.0,
        ge=0.1,
        le=20.0,
        description="Loss of the whole intraday account (ours and what others trade on it) that stops entries and "
        "flattens ours, percent of its own cash.",
    )
    flatten_outside: bool = Field(
        False,
        description="At the account's loss limit, whether what others hold intraday on the account is closed too.",
    )
    max_open_risk_pct: float = Field(
        2.0, ge=0.1, le=10.0, description="Sum of risks to the stops, percent of the account."
    )
    max_gap_risk_pct: float = Field(
        50.0,
        ge=1,
        le=100,
        description="Sum of losses if every stop filled at its limit, percent of the daily loss limit.",
    )
    max_positions: int = Field(3, ge=1, le=20, description="Open positions at once.")
    max_leverage: float = Field(
        3.0, ge=0.1, le=5.0, description="Notional of all positions divided by the account."
    )
    max_margin_use_pct: float = Field(
        80.0, ge=1, le=100, description="Margin in use, percent of what is available."
    )
    max_orders_per_day: int = Field(
        500, ge=10, le=2_000, description="Order messages a day before entries stop."
    )
    max_entries_per_minute: int = Field(
        2, ge=1, le=10, description="Entries per instrument and minute before a person must resume."
    )
    pause_after_losses: int = Field(
        3, ge=1, le=1_000, description="Losing trades in a row after which entries wait for a person."
    )
    give_back_pct: float = Field(
        40.0,
        ge=5,
        le=1_000,
        description="Part of the day's peak given back at which entries wait for a person, percent; above 100 it "
        "takes a loss of the day. A peak below the risk of one trade counts for nothing.",
    )
    orders_per_second: int = Field(
        8, ge=2, le=10, description="Order messages in any second, entries and exits together."
    )


class StopSettings(SettingsSection):
    """The volatility stop of every trade (Stage12)."""

    atr_period: int = Field(14, ge=2, le=100, description="Wilder ATR period in completed 1-minute bars.")
    atr_multiple: float = Field(
        2.0, ge=0.5, le=10.0, description="ATR multiple of the initial distance and of the trail."
    )
    spread_multiple: float = Field(
        4.0, ge=1.0, le=20.0, description="Smallest distance in median spreads of the last 5 minutes."
    )
    charges_multiple: float = Field(
        8.0, ge=1.0, le=50.0, description="Smallest distance in round-trip charges per unit."
    )
    max_pct: float = Field(
        2.0,
        ge=0.1,
        le=20.0,
        description="Largest distance, percent of the price (options: of the premium, times ten); above it the trade is refused.",
    )
    allowance_pct: float = Field(
        25.0,
        ge=10,
        le=100,
        description="Counted as risk beyond the trigger at the least, percent of the distance.",
    )
    allowance_spreads: float = Field(
        2.0,
        ge=0.0,
        le=20.0,
        description="Counted as risk beyond the trigger at the least, in median spreads.",
    )
    limit_buffer_pct: float = Field(
        3.0,
        ge=0.05,
        le=3.0,
        description="How far the stop's limit price lies beyond its trigger at most, percent; the exchange takes no more than 3.",
    )
    option_limit_buffer_pct: float = Field(
        20.0,
        ge=1.0,
        le=20.0,
        description="The same for options, percent; the exchange takes no more than 20.",
    )
    limit_r: float = Field(
        2.0,
        ge=0.25,
        le=2.0,
        description="How far the stop's limit price lies beyond its trigger at most, in R.",
    )
    trail_after_r: float = Field(
        1.0, ge=0.0, le=10.0, description="Favourable move in R after which the stop trails."
    )
    min_step_r: float = Field(0.25, ge=0.0, le=5.0, description="Smallest move of a trailing stop, in R.")
    min_step_seconds: int = Field(
        15, ge=0, le=600, description="Shortest time between two moves of a stop, seconds."
    )


class ExitSettings(SettingsSection):
    """Targets and how exits chase."""

    t1_share_pct: float = Field(
        50.0,
        ge=0,
        le=100,
        description="Share of the position taken at the first target, percent, whole lots.",
    )
    chase_seconds: float = Field(
        1.0, ge=0.2, le=10, description="Time an exit may rest before it is moved to a fresh price, seconds."
    )
    min_reward_risk: float = Field(
        1.2, ge=0, le=10, description="Smallest reward to the first target after costs, in R."
    )
    max_cost_share_pct: float = Field(
        15.0,
        ge=1,
        le=100,
        description="Largest share of the way to the first target that charges may eat, percent.",
    )


class OrderSettings(SettingsSection):
    """How orders at the exchange are changed."""

    exit_by: Literal["modify", "replace"] = Field(
        "modify",
        description="How a resting stop becomes the exit first: modify turns it into a limit order; replace cancels it, sees it cancelled and sends a plain exit. The other way follows where one does not come about.",
    )


class EntrySettings(SettingsSection):
    """How a trade is entered. Entries never chase."""

    limit_r: float = Field(0.2, ge=0, le=1, description="Entry limit beyond the signal price, in R.")
    limit_spreads: float = Field(
        3.0,
        ge=0,
        le=20,
        description="Entry limit beyond the signal price, in spreads; the smaller of the two counts.",
    )
    timeout_seconds: float = Field(
        3.0, ge=0.5, le=60, description="Time after which an unfilled entry is cancelled, seconds."
    )
    signal_life_seconds: float = Field(
        5.0, ge=1, le=60, description="Age at which a signal is dropped, seconds."
    )
    ask_seconds: float = Field(
        45.0,
        ge=3,
        le=120,
        description="Longest time a signal in ask mode waits for Enter, seconds.",
    )
    manual_armed_minutes: float = Field(
        10.0, ge=1, le=60, description="Manual entry goes off after this long without use, minutes."
    )


class SetupSettings(SettingsSection):
    """What each setup may do: off, ask, auto, or by-world: auto in demo, replay and paper, ask in live."""

    value_area_fade: ModeByWorld = Field(
        "by-world", description="Fade of a failed leave of the prior or developing value area."
    )
    eighty_percent: ModeByWorld = Field(
        "off", description="80 % rule: back in prior value for two brackets; its evidence is poor."
    )
    initial_balance_extension: ModeByWorld = Field(
        "by-world", description="Break of a narrow initial balance with volume behind it."
    )
    failed_auction: ModeByWorld = Field(
        "by-world", description="Failed auction at the initial balance, prior-day or balance edge."
    )
    open_drive: ModeByWorld = Field(
        "by-world", description="Open drive away from prior value, 09:20 to 09:30."
    )
    vwap_reversion: ModeByWorld = Field(
        "by-world", description="Return to the VWAP from two deviations on a day of balance."
    )
    single_print_continuation: ModeByWorld = Field(
        "by-world", description="Retest of the edge of single prints or a low-volume node after acceptance."
    )
    absorption: ModeByWorld = Field(
        "off", description="Absorption at an edge: a filter that confirms a fade or a failed auction."
    )


class SessionSettings(SettingsSection):
    """The clock of the day. Clock times make the class defaults earlier; later ones need a dated square-off note."""

    last_entry: ClockOrAuto = Field(
        "auto",
        description="Last entry of setups, HH:MM, or auto by instrument class; later than that only with a dated "
        "session.broker_squareoff.",
    )
    flat_by: ClockOrAuto = Field(
        "auto",
        description="Everything flat by, HH:MM, or auto by instrument class; later than that only with a dated "
        "session.broker_squareoff, five minutes before its time.",
    )
    clock: Literal["wall", "feed"] = Field(
        "wall", description="Where date and time come from; feed only with loopback brokers."
    )
    unattended_after: int = Field(
        60,
        ge=5,
        le=3_600,
        description="Without a screen in live, entries pause after this long, seconds; in paper with "
        "session.pause_unattended.",
    )
    pause_unattended: bool = Field(
        False,
        description="Whether entries pause where nobody watches: in paper as in live, and in a replay without a "
        "screen for the rest of its day once a brake asks for a person. Off: paper goes on, and such a replay notes "
        "the brake and counts anew.",
    )
    broker_squareoff: str = Field(
        "",
        description="The broker's own square-off times with date and source, as 'cash 15:15, F&O 15:25; the broker's "
        "page of 14 Dec 2025'; empty means unknown.",
    )

    _clock = field_validator("last_entry", "flat_by", mode="before")(_parse_clock)


class OptionSettings(SettingsSection):
    """Rules for options, read and traded on their own premium."""

    expiry_day_entries: bool = Field(False, description="Allow new positions on the contract's expiry day.")


class PaperSettings(SettingsSection):
    """The paper exchange's assumptions, pessimistic by default."""

    latency_ms: int = Field(
        80, ge=0, le=5_000, description="Time from an order's bytes to the exchange, milliseconds."
    )
    book_wait_ms: int = Field(
        750,
        ge=0,
        le=10_000,
        description="Longest wait of an arrived exit for a newer book, before it meets the standing one, milliseconds.",
    )
    through_share_pct: int = Field(
        50,
        ge=1,
        le=100,
        description="The most a resting order takes of what trades through its price, percent.",
    )


class KillSettings(SettingsSection):
    """The kill's scope."""

    scope: Literal["intraday", "account"] = Field(
        "intraday", description="intraday: ours and every product-I position; account: carried quantity too."
    )


class EngineSettings(SettingsSection):
    """The engine process."""

    idle_minutes: float = Field(
        10.0,
        ge=0.05,
        le=1_440,
        description="A flat demo or replay engine without a screen ends after this long, minutes.",
    )


class SimulatorSettings(SettingsSection):
    """The synthetic market of the demo."""

    seed: int = Field(
        7, ge=0, le=2**31 - 1, description="Seed of the synthetic day; the same seed gives the same day."
    )
    instruments: int = Field(8, ge=6, le=10, description="How many instruments trade.")


class ScreenSettings(SettingsSection):
    """The look of the screen."""

    frames_per_second: int = Field(10, ge=2, le=15, description="Screen flushes per second.")
    ascii: bool = Field(False, description="Draw with ASCII signs only.")
    theme: str = Field("cockpit-dark", description="Colour theme.")


class Settings(SettingsSection):
    """All settings of the cockpit."""

    account: AccountSettings = AccountSettings()
    upstox: UpstoxSettings = UpstoxSettings()
    watchlist: WatchlistSettings = WatchlistSettings()
    feed: FeedSettings = FeedSettings()
    recorder: RecorderSettings = RecorderSettings()
    preflight: PreflightSettings = PreflightSettings()
    profile: ProfileSettings = ProfileSettings()
    risk: RiskSettings = RiskSettings()
    stop: StopSettings = StopSettings()
    exit: ExitSettings = ExitSettings()
    orders: OrderSettings = OrderSettings()
    entry: EntrySettings = EntrySettings()
    setups: SetupSettings = SetupSettings()
    session: SessionSettings = SessionSettings()
    options: OptionSettings = OptionSettings()
    paper: PaperSettings = PaperSettings()
    kill: KillSettings = KillSettings()
    engine: EngineSettings = EngineSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    screen: ScreenSettings = ScreenSettings()

    _unread: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def unread(self) -> frozenset[str]:
        """Return the names of settings that may have been written and could not be used; each has its default."""
        return self._unread


ADDRESSES: Final = frozenset({"upstox.api_url", "upstox.order_url", "upstox.assets_url"})
"""Settings that say who the broker is."""
_USER_OF_ADDRESS: Final = re.compile(r"(//)[^\s'\"]*@")
SECRET_SETTINGS: Final = frozenset({"upstox.access_token", "upstox.client_secret"})


def is_loopback(host: str) -> bool:
    """Say whether a host name or address never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def brokers_on_loopback(upstox: UpstoxSettings) -> bool:
    """Say whether every address of the broker is one of this machine."""
    addresses = (upstox.api_url, upstox.order_url, upstox.assets_url)
    return all(is_loopback(urlsplit(address).hostname or "") for address in addresses)


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective setting with its documentation and source."""

    name: str
    value: str
    source: str
    description: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """Validated settings and where each value came from ("default" when absent from ``sources``)."""

    settings: Settings
    sources: Mapping[str, str]


def _fields() -> Iterator[tuple[str, Any]]:
    for section, info in Settings.model_fields.items():
        model = info.annotation
        if not (isinstance(model, type) and issubclass(model, SettingsSection)):
            raise TypeError(f"expected a Section class for {section}, got {model!r}")
        for key, field in model.model_fields.items():
            yield f"{section}.{key}", field


def _known(name: str) -> bool:
    return any(name == known for known, _ in _fields())


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is tuple and get_args(annotation)[-1:] == (...,)


def _from_text(name: str, text: str) -> object:
    for known, field in _fields():
        if known == name and _is_list(field.annotation):
            return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _from_file(path: Path) -> Iterator[tuple[str, object, str]]:
    try:
        content = _content_of(path)
        tables = {} if content is None else tomllib.loads(content)
    except RecursionError as error:
        raise SettingsError(f"{path}: expected a readable TOML file, got one nested too deeply") from error
    except (ValueError, OSError) as error:
        # What a number of thousands of digits raises is no TOMLDecodeError.
        raise SettingsError(f"{path}: expected a readable TOML file, got: {_cut(str(error))}") from error
    for section, table in tables.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: expected [section] tables, got a bare key {_cut(repr(section))}")
        for key, value in table.items():
            yield f"{section}.{key}", value, str(path)


def _content_of(path: Path) -> str | None:
    """Return a settings file's text, None where there is no file; bounded, and no pipe or device is waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        content = file.read(_LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        raise OSError(errno.EFBIG, f"it is longer than {_LONGEST_FILE} bytes")
    return content.decode("utf-8-sig")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} …"


def _shown(value: object) -> str:
    """Return a value as a person may read it, however large or deep it is."""
    try:
        return _cut(without_password(_SHORT.repr(value)))
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that is too large to show"


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, object, str]]:
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and "__" in variable and variable not in _NOT_SETTINGS:
            section, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            name = f"{section}.{key}"
            yield name, _from_text(name, text), f"environment {variable}"


def _from_overrides(overrides: Sequence[str]) -> Iterator[tuple[str, object, str]]:
    for override in overrides:
        name, equals, text = override.partition("=")
        name = name.strip()
        if not equals or name.count(".") != 1:
            shown = (
                "a hidden value"
                if name.startswith(tuple(SECRET_SETTINGS))
                else without_password(repr(override))
            )
            raise SettingsError(f"--set: expected section.key=value, got {shown}")
        yield name, _from_text(name, text.strip()), f"{OVERRIDE} {name}"


def load(
    home: Path,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Return the validated settings of a home; raise SettingsError naming every bad value at once."""
    configuration, problem = load_readable(home, overrides, environment)
    if problem:
        raise SettingsError(problem)
    return configuration


def load_readable(
    home: Path,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[Configuration, str]:
    """Return the settings as far as they can be used, and what is wrong with the rest (empty when nothing).

    A value that cannot be used is left at its default, and its name is in ``Settings.unread``; so are all that a file
    may name that cannot be read at all.
    """
    values: dict[str, dict[str, object]] = {}
    sources: dict[str, str] = {}
    problems: list[str] = []
    environment = os.environ if environment is None else environment
    unread: set[str] = set()
    for origin in (_from_file(home / FILE_NAME), _from_environment(environment), _from_overrides(overrides)):
        try:
            for name, value, source in origin:
                if not _known(name):
                    near = _suggest(name) if len(problems) < _MOST_TOLD else ""
                    problems.append(f"{source}: unknown setting {_shown(name)}; {near}")
                    continue
                section, _, key = name.partition(".")
                values.setdefault(section, {})[key] = value
                sources[name] = source
        except SettingsError as error:
            problems.append(str(error))
            unread |= {known for known, _ in _fields()}
    unread -= set(sources)
    settings, bad = _validated(values, sources)
    problems += bad.values()
    for name in bad:
        sources.pop(name, None)
    settings._unread = frozenset(unread | bad.keys())  # noqa: SLF001 - its own private part, set once
    more = len(problems) - _MOST_TOLD
    told = [*problems[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
    return Configuration(settings, sources), "\n".join(told)


def _validated(
    values: dict[str, dict[str, object]], sources: Mapping[str, str]
) -> tuple[Settings, dict[str, str]]:
    """Return the settings without the values that cannot be used, and what is wrong with each of those, by name."""
    bad: dict[str, str] = {}
    while True:
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            found = {
                ".".join(str(part) for part in problem["loc"][:2]): problem
                for problem in reversed(error.errors())
            }
            for name, problem in reversed(found.items()):
                value = "a hidden value" if name in SECRET_SETTINGS else _shown(problem.get("input"))
                told = (
                    f"{sources.get(name, 'default')}: {name}: {_cut(_sentence(name, problem))}, got {value}"
                )
                bad[name] = told
                _drop(values, name)
            continue
        if settings.session.clock == "feed" and not brokers_on_loopback(settings.upstox):
            if not ADDRESSES & bad.keys():
                bad["session.clock"] = (
                    f"{sources.get('session.clock', 'default')}: session.clock: expected wall while a broker's address "
                    "is not on loopback, got 'feed'"
                )
            _drop(values, "session.clock")
            continue
        return settings, bad


def _drop(values: dict[str, dict[str, object]], name: str) -> None:
    section, _, key = name.partition(".")
    del values[section][key]


_UNIONS: Final = {
    "session.last_entry": "expected auto or HH:MM",
    "session.flat_by": "expected auto or HH:MM",
    "profile.row": "expected auto or 0.01 to 10000 rupees",
}


def _sentence(name: str, problem: Mapping[str, object]) -> str:
    if name in _UNIONS:
        return _UNIONS[name]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if message.startswith("expected"):
        return message
    return "expected " + message.removeprefix("Input should be ").removeprefix("a valid ")


def _suggest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [known for known, _ in _fields()], n=3, cutoff=0.4)
    return f"did you mean {' or '.join(near)}?" if near else "cockpit config lists every setting"


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper().replace(".", "__")


def without_password(text: str) -> str:
    """Return a text in which no address says with what user and password it is opened."""
    return _USER_OF_ADDRESS.sub(r"\1(hidden)@", text) if "@" in text else text


def secrets_as_environment(overrides: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the overrides that other processes may see, and the secret ones as environment variables.

    A command line is readable by every user of the machine, an environment by its owner alone.
    """
    public: list[str] = []
    variables: dict[str, str] = {}
    for override in overrides:
        name, _, text = override.partition("=")
        if name.strip() in SECRET_SETTINGS:
            variables[variable_of(name.strip())] = text.strip()
        else:
            public.append(override)
    return public, variables


def overrides_as_environment(configuration: Configuration) -> dict[str, str]:
    """Return what a command line set, as environment variables: for a process that must see the same settings."""
    dumped = configuration.settings.model_dump(mode="json")
    variables = {}
    for name, source in configuration.sources.items():
        if source == f"{OVERRIDE} {name}":
            section, _, key = name.partition(".")
            value = dumped[section][key]
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            variables[variable_of(name)] = text
    return variables


def describe(configuration: Configuration) -> list[Setting]:
    """Return every setting in table order with its value, source, and documentation; secrets as a length."""
    rows = []
    dumped = configuration.settings.model_dump(mode="json")
    for name, field in _fields():
        section, _, key = name.partition(".")
        value = dumped[section][key]
        if name in SECRET_SETTINGS:
            value = f"({len(value)} characters)" if value else "(empty)"
        elif isinstance(value, list):
            value = ",".join(value)
        rows.append(
            Setting(name, str(value), configuration.sources.get(name, "default"), field.description or "")
        )
    return rows
