"""What a run is made of: enough to begin it again after a death with exactly the same decisions."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

import config
from engine.auction.values.levels import PriorLevels
from engine.core import DayState, EarlierEvidence
from engine.feeds.feed import AnchoredFeed, PulledFeed
from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at
from engine.market.instrument import Instrument
from engine.market.price import Paise

SIMULATED_DAY: Final = date(2026, 11, 20)
"""The demo's trading date: always the same, so that the same seed is the same day."""


_SECONDS_A_DAY: Final = 86_400


class RunMode(StrEnum):
    """Where a run's market comes from."""

    SIMULATED = "simulated"
    REPLAY = "replay"
    PAPER = "paper"
    """The live feed; orders go to the paper exchange."""
    LIVE = "live"
    """The live feed; orders go to the broker."""

    @property
    def is_account(self) -> bool:
        """Whether the market happens now and counts for the account."""
        return self in (RunMode.PAPER, RunMode.LIVE)


def run_mode_of(run: str) -> RunMode | None:
    """Return what a run was, by its name; None where no version of ours gave it."""
    begins = run.partition("-")[0]
    return next((mode for mode in RunMode if mode.value == begins), None)


class MarketChoice(msgspec.Struct, frozen=True):
    """What a person asked to see."""

    market: RunMode
    files: tuple[str, ...] = ()
    """Absolute paths of the recorded sessions."""
    instruments: str | None = None
    """Absolute path of an instrument master."""
    start: str | None = None
    """Time of day at which trading may begin, HH:MM:SS; before it the studies alone are fed."""
    script: str | None = None
    """Name of the simulator's written day; None is its ordinary one."""

    @property
    def command(self) -> str:
        """The command line that asks for it: a bare ``cockpit`` may lead to the account instead."""
        if self.market.is_account:
            return "cockpit"
        words = ["cockpit", "demo" if self.market is RunMode.SIMULATED else "replay", *self.files]
        told = (("--script", self.script), ("--start", self.start), ("--instruments", self.instruments))
        return shlex.join(words + [word for name, value in told if value for word in (name, value)])


class RunPlan(msgspec.Struct, frozen=True):
    """One run, as the ledger keeps it."""

    run: str
    choice: MarketChoice
    identity: str
    """Digest of the feed: another one is another market."""
    day: date
    instruments: tuple[Instrument, ...]
    settings: dict[str, object]
    prior: dict[str, PriorLevels] = {}
    """What earlier sessions left as the run began: what it is given again after a death, whatever was played since."""
    account: Paise | None = None
    """The day's opening account, paise; None is the capital of the settings."""
    own_cash: Paise | None = None
    """The account's own cash as the day opened, paise, before anything caps it; None in worlds without one."""
    recovered: DayState | None = None
    """What an earlier run of the same day left: limits never loosen and losses count on."""
    began: Instant | None = None
    """Where the clock of a live run stood as it began."""
    prefix: str = ""
    """How the names of its orders begin; empty where an earlier version made the plan."""
    earlier_runs: tuple[str, ...] = ()
    """How those of the day's earlier runs begin, as far as the ledger tells of them."""
    past: EarlierEvidence | None = None
    """What its trades are made under, and what earlier days had shown as it began; None where an earlier version made
    the plan."""

    def configured(self) -> config.Settings:
        """Return the settings the run began under."""
        return config.Settings.model_validate(self.settings)

    @property
    def names(self) -> str:
        """How the names of the run's orders begin, whichever version made the plan."""
        return self.prefix or _second_of_day(self.day, self.began)

    @property
    def by_key(self) -> dict[str, Instrument]:
        """The instruments by key."""
        return {instrument.key: instrument for instrument in self.instruments}

    @property
    def studies_until(self) -> Instant | None:
        """The arrival before which updates feed the studies alone."""
        return (
            None if self.choice.start is None else instant_at(self.day, time.fromisoformat(self.choice.start))
        )


FeedOpener = Callable[[], PulledFeed]


def plan_run(
    run: str,
    choice: MarketChoice,
    feed: PulledFeed,
    settings: config.Settings,
    earlier: Mapping[str, PriorLevels] | None = None,
    *,
    account: Paise | None = None,
    own_cash: Paise | None = None,
    recovered: DayState | None = None,
    earlier_runs: Iterable[str] = (),
    past: EarlierEvidence | None = None,
) -> RunPlan:
    """Return the plan of a new run on an opened feed.

    ``earlier`` is what stored sessions left; a feed that brings a past of its own is told with that alone.
    ``earlier_runs`` are the prefixes of the day's runs before it.
    """
    begun = feed if isinstance(feed, AnchoredFeed) else None
    began = None if begun is None else begun.begins
    # A recorded run played again calls its orders as the run itself did.
    named = run if begun is None or not begun.run else begun.run
    prior = {**(earlier or {}), **feed.prior}
    return RunPlan(
        run,
        choice,
        feed.identity,
        feed.day,
        tuple(feed.instruments.values()),
        without_secrets(settings).model_dump(mode="json"),
        prior,
        account,
        own_cash,
        recovered,
        began,
        _prefix(named, feed.day, began),
        tuple(earlier_runs),
        past,
    )


def prefix_kept(plan: str) -> str:
    """Return how the names of a kept plan's run begin, whatever else of the plan does not read; empty when unknown."""
    try:
        named = msgspec.json.decode(plan, type=_Named)
    except msgspec.DecodeError:
        return ""
    return named.prefix or _second_of_day(named.day, named.began)


class _Named(msgspec.Struct, frozen=True):
    """What of a plan tells how its orders are called."""

    day: date
    began: Instant | None = None
    prefix: str = ""


def _prefix(run: str, day: date, began: Instant | None) -> str:
    """Return how the names of a run's orders begin: the account's tell the day, the moment it began and which run.

    Two engines on one account tell by it which of them came first.
    """
    if began is None:
        return f"{day:%y%m%d}"
    checksum = base36(crc32(run.encode()) % 36**2).zfill(2)
    return f"{day:%y%m%d}{base36(began // MILLISECOND).zfill(8)}{checksum}"


def _second_of_day(day: date, began: Instant | None) -> str:
    return f"{day:%y%m%d}" + ("" if began is None else base36(began // SECOND % _SECONDS_A_DAY))


def base36(number: int) -> str:
    """Return a number from 0 in the digits 0-9a-z."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
        if not number:
            return text


def without_secrets(settings: config.Settings) -> config.Settings:
    """Return the settings as they may be kept: the broker's addresses stay, what signs in does not."""
    public = settings.upstox.model_copy(update={"access_token": "", "client_secret": ""})
    return settings.model_copy(update={"upstox": public})


def open_feed(choice: MarketChoice, simulator: config.SimulatorSettings) -> PulledFeed:
    """Open the market of a choice; raises RecordingError or MasterError for files that cannot be used."""
    if choice.market is RunMode.SIMULATED:
        from engine.feeds.simulator import open_simulator

        return open_simulator(simulator, SIMULATED_DAY, script=choice.script)
    from engine.feeds.recordings.frame_records import is_frame_recording
    from engine.feeds.recordings.frames_feed import open_frame_recordings
    from engine.feeds.recordings.json_feed import open_recordings

    master: Mapping[str, Instrument] | None = None
    if choice.instruments is not None:
        from engine.instruments.master import load_instruments

        master = load_instruments(Path(choice.instruments))
    files = [Path(name) for name in choice.files]
    if files and is_frame_recording(files[0]):
        return open_frame_recordings(files, instruments=master)
    return open_recordings(files, instruments=master)
