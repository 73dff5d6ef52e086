"""A seeded synthetic NSE day: an auction with failed breakouts, trends and balance, told as the real feed tells it."""

from engine.feeds.simulator.feed import DEFAULT_DAY, DEFAULT_START, SimulatorFeed, open_simulator

__all__ = ["DEFAULT_DAY", "DEFAULT_START", "SimulatorFeed", "open_simulator"]
