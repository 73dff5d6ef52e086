"""Every setting in one table: what it means, its unit, its bounds, its default and where its value came from.

Sources, later ones win: defaults, ``cockpit.toml`` in the home, environment ``COCKPIT_SECTION__KEY``, ``--set``.
"""

from datetime import time
from ipaddress import ip_address
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)


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
        1.0, ge=0.1, le=2.0, description="Risk budget of one trade, charges apart, percent of the account."
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
        2.0,
        ge=0.1,
        le=10.0,
        description="Sum of losses at the stops, charges included, percent of the account.",
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


class PerformanceSettings(SettingsSection):
    """How finished trades are measured; nothing here decides about one."""

    risk_free_pct: float = Field(
        0.0,
        ge=0.0,
        le=50.0,
        description="Risk-free rate taken off daily returns in the Sharpe and Sortino ratios, percent a year.",
    )


class RolloutSettings(SettingsSection):
    """The way to real money. Every value can only make it stricter: a looser one is refused."""

    sessions: int = Field(
        20, ge=20, le=250, description="Sessions that a promotion asks for; never fewer than 20."
    )
    paper_trades: int = Field(
        60, ge=60, le=10_000, description="Paper trades that SMALL asks for; never fewer than 60."
    )
    paper_weeks: int = Field(
        3, ge=3, le=4, description="How many of the last four weeks must have earned; never fewer than 3."
    )
    stop_seconds: float = Field(
        2.0,
        ge=0.1,
        le=2.0,
        description="Within what each stop must have been held, seconds; never more than 2.",
    )
    edge_error_pct: float = Field(
        5.0,
        gt=0.0,
        le=5.0,
        description="One-sided error of all looks at the edge together, percent; never more than 5.",
    )
    profit_factor: float = Field(
        1.2, ge=1.2, le=10.0, description="Least profit factor that FULL asks for; never below 1.2."
    )
    drawdown_pct: float = Field(
        10.0,
        gt=0.0,
        le=10.0,
        description="Deepest fall on closed trades that FULL allows, percent of the peak; deeper lowers the stage. Never more than 10.",
    )
    slippage_r: float = Field(
        0.1,
        ge=0.0,
        le=0.1,
        description="How much worse than paper live fills may be, R a trade; never more than 0.1.",
    )
    manual_trades: int = Field(
        20, ge=20, le=10_000, description="Trades of your own that their gate asks for; never fewer than 20."
    )
    manual_loss_r: float = Field(
        1.5,
        ge=1.0,
        le=1.5,
        description="Largest loss of a trade of your own, R after charges; never more than 1.5.",
    )
    small_account_pct: float = Field(
        10.0,
        ge=0.1,
        le=10.0,
        description="Share of the account that SMALL trades, percent; never more than 10.",
    )
    small_account: float = Field(
        100_000,
        ge=1_000,
        le=100_000,
        description="The most that SMALL trades, rupees; never more than 100,000.",
    )
    small_position: float = Field(
        25_000,
        ge=100,
        le=25_000,
        description="Largest position in a stock in SMALL, rupees, never more than 25,000; in a derivative it is one lot.",
    )
    small_positions: int = Field(1, ge=1, le=1, description="Positions at once in SMALL.")
    small_instruments: int = Field(
        2, ge=1, le=2, description="Different instruments entered in a day in SMALL; never more than 2."
    )
    small_risk_pct: float = Field(
        0.25,
        ge=0.01,
        le=0.25,
        description="Risk per trade in SMALL, percent of what SMALL trades; never more than 0.25.",
    )

    @field_validator("*", mode="wrap")
    @classmethod
    def _only_stricter(cls, value: object, bounded: ValidatorFunctionWrapHandler) -> object:
        try:
            return bounded(value)
        except ValidationError as error:
            expected = error.errors()[0]["msg"].removeprefix("Input should be ")
            raise ValueError(
                f"expected {expected} (a setting makes the way to real money stricter, never looser)"
            ) from error


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
    performance: PerformanceSettings = PerformanceSettings()
    rollout: RolloutSettings = RolloutSettings()
    screen: ScreenSettings = ScreenSettings()

    _unread: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def unread(self) -> frozenset[str]:
        """Return the names of settings that may have been written and could not be used; each has its default."""
        return self._unread


ADDRESSES: Final = frozenset({"upstox.api_url", "upstox.order_url", "upstox.assets_url"})
"""Settings that say who the broker is."""
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
