"""Slices of the settings: each part of the house is handed just what it goes by, and its signature says what that is.

The whole table satisfies every slice; a test hands over what a slice names and no more.
"""

from typing import Protocol

import config


class AuctionSections(Protocol):
    """What an instrument's auction is read by."""

    @property
    def profile(self) -> config.ProfileSettings:
        """How profiles are built."""
        ...

    @property
    def stop(self) -> config.StopSettings:
        """How stops are set; the bars of an auction take the ATR's period from it."""
        ...


class PastSections(AuctionSections, Protocol):
    """What earlier sessions are read by."""

    @property
    def session(self) -> config.SessionSettings:
        """The times of a day."""
        ...


class WishSections(Protocol):
    """What a restart may tighten."""

    @property
    def session(self) -> config.SessionSettings:
        """The times of a day."""
        ...

    @property
    def risk(self) -> config.RiskSettings:
        """The limits."""
        ...


class EntryCheckSections(Protocol):
    """What an entry is judged by beside the day's limits."""

    @property
    def entry(self) -> config.EntrySettings:
        """How entries are made."""
        ...

    @property
    def exit(self) -> config.ExitSettings:
        """How exits are made."""
        ...

    @property
    def options(self) -> config.OptionSettings:
        """What is allowed in options."""
        ...


class EntriesSections(EntryCheckSections, Protocol):
    """What setups become entries by."""

    @property
    def setups(self) -> config.SetupSettings:
        """Which setups trade, and how."""
        ...


class OrderSections(Protocol):
    """What orders are kept by from their sending to flat."""

    @property
    def risk(self) -> config.RiskSettings:
        """The limits."""
        ...

    @property
    def orders(self) -> config.OrderSettings:
        """How orders are changed."""
        ...

    @property
    def exit(self) -> config.ExitSettings:
        """How exits are made."""
        ...


class FlattenSections(OrderSections, Protocol):
    """What a closing without an engine goes by."""

    @property
    def stop(self) -> config.StopSettings:
        """How stops are set."""
        ...


class CoreSections(AuctionSections, WishSections, EntriesSections, FlattenSections, Protocol):
    """What decisions are made and shown by."""

    @property
    def paper(self) -> config.PaperSettings:
        """How the paper exchange fills; its latency belongs to an entry's life."""
        ...

    @property
    def performance(self) -> config.PerformanceSettings:
        """How figures are made."""
        ...


class OpeningSections(PastSections, Protocol):
    """What a live day is opened by."""

    @property
    def account(self) -> config.AccountSettings:
        """The account."""
        ...

    @property
    def upstox(self) -> config.UpstoxSettings:
        """The way to the broker."""
        ...

    @property
    def watchlist(self) -> config.WatchlistSettings:
        """What is followed."""
        ...


class OrderLineSections(Protocol):
    """What a live run's orders travel by."""

    @property
    def upstox(self) -> config.UpstoxSettings:
        """The way to the broker."""
        ...

    @property
    def kill(self) -> config.KillSettings:
        """What the kill closes."""
        ...

    @property
    def feed(self) -> config.FeedSettings:
        """How streams are kept."""
        ...


class RecordingSections(Protocol):
    """What a session is recorded by."""

    @property
    def recorder(self) -> config.RecorderSettings:
        """Whether, and how long recordings are kept."""
        ...

    @property
    def session(self) -> config.SessionSettings:
        """The times of a day, and whose clock it is."""
        ...


class MarketSections(Protocol):
    """What a played market is opened by."""

    @property
    def session(self) -> config.SessionSettings:
        """The times of a day."""
        ...

    @property
    def simulator(self) -> config.SimulatorSettings:
        """What is simulated."""
        ...


class PaperBookSections(Protocol):
    """What a paper book without its run is taken over by."""

    @property
    def account(self) -> config.AccountSettings:
        """The account."""
        ...

    @property
    def risk(self) -> config.RiskSettings:
        """The limits."""
        ...

    @property
    def paper(self) -> config.PaperSettings:
        """How the paper exchange fills."""
        ...


class CheckSections(Protocol):
    """What the checks before trading look at."""

    @property
    def account(self) -> config.AccountSettings:
        """The account."""
        ...

    @property
    def upstox(self) -> config.UpstoxSettings:
        """The way to the broker."""
        ...

    @property
    def session(self) -> config.SessionSettings:
        """The times of a day."""
        ...

    @property
    def watchlist(self) -> config.WatchlistSettings:
        """What is followed."""
        ...

    @property
    def feed(self) -> config.FeedSettings:
        """How the feed is opened."""
        ...

    @property
    def preflight(self) -> config.PreflightSettings:
        """Where go ends and no-go begins."""
        ...


class AccountGateSections(Protocol):
    """What the account's engine needs before it may begin."""

    @property
    def account(self) -> config.AccountSettings:
        """The account."""
        ...

    @property
    def upstox(self) -> config.UpstoxSettings:
        """The way to the broker."""
        ...

    @property
    def watchlist(self) -> config.WatchlistSettings:
        """What is followed."""
        ...

    @property
    def recorder(self) -> config.RecorderSettings:
        """Whether sessions are recorded."""
        ...


class ShellSections(FlattenSections, Protocol):
    """What a shell without an engine asks a broker or closes a book by."""

    @property
    def account(self) -> config.AccountSettings:
        """The account."""
        ...

    @property
    def upstox(self) -> config.UpstoxSettings:
        """The way to the broker."""
        ...

    @property
    def session(self) -> config.SessionSettings:
        """The times of a day, and whose clock it is."""
        ...

    @property
    def kill(self) -> config.KillSettings:
        """What the kill closes."""
        ...

    @property
    def paper(self) -> config.PaperSettings:
        """How the paper exchange fills."""
        ...

    @property
    def unread(self) -> frozenset[str]:
        """The names of settings that could not be read: their defaults stand in for nothing that decides."""
        ...
