"""What a kept run's trades were made under, read off its plan: the evidence key's part that all of them share."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

import config
from engine.core import EarlierEvidence
from engine.performance.evidence import LOOPBACK, EvidenceTerms, Source, deciding
from engine.setups.register import trading_word
from engine.setups.signal import EntryMode

_FIRST_FILL_RULES: Final = 1
"""What the paper exchange filled by before plans told of it."""
_ADDRESS: Final = {Source.PAPER: "api_url", Source.LIVE: "order_url"}
"""The setting that says whose market, and whose fills."""


class RunTerms(msgspec.Struct, frozen=True):
    """What a run was, as far as its trades are evidence."""

    terms: EvidenceTerms
    mode: EntryMode
    """How most of its setups' trades come about."""
    instruments: tuple[str, ...]
    """What it followed."""
    addresses: str = ""
    """All of the broker's addresses in paper and live, LOOPBACK where each is this machine; empty in other worlds."""


class _Choice(msgspec.Struct, frozen=True):
    market: Source


class _Followed(msgspec.Struct, frozen=True):
    key: str


class _Planned(msgspec.Struct, frozen=True):
    """What of a kept plan tells it; the rest may be of another version."""

    choice: _Choice
    settings: dict[str, object] = {}
    instruments: tuple[_Followed, ...] = ()
    past: EarlierEvidence | None = None


def terms_under(market: Source, settings: config.Settings, fill_rules: int) -> EvidenceTerms:
    """Return what the trades of a run that begins now are made under."""
    plain = settings.model_dump(mode="json")
    return EvidenceTerms(market, deciding(plain), fill_rules, _broker(market, plain))


def run_terms(plan: str) -> RunTerms | None:
    """Return what a kept plan tells; None where it does not read."""
    try:
        planned = msgspec.json.decode(plan, type=_Planned)
    except msgspec.DecodeError:
        return None
    market = planned.choice.market
    keys = tuple(one.key for one in planned.instruments)
    addresses = _addresses(market, planned.settings)
    return RunTerms(_terms(planned), _mode(planned.settings, market), keys, addresses)


def mode_of(setups: config.SetupSettings, market: Source) -> EntryMode:
    """Return how most trades of some setups come about in a market."""
    word = trading_word(setups, live=market is Source.LIVE)
    return {"AUTO": EntryMode.AUTO, "ASK": EntryMode.ASK}.get(word, EntryMode.MANUAL)


def _terms(planned: _Planned) -> EvidenceTerms:
    market = planned.choice.market
    if planned.past is not None:
        return with_broker(planned.past.terms, planned.settings)
    fills = 0 if market is Source.LIVE else _FIRST_FILL_RULES
    return EvidenceTerms(market, deciding(planned.settings), fills, _broker(market, planned.settings))


def with_broker(terms: EvidenceTerms, settings: dict[str, object]) -> EvidenceTerms:
    """Return terms that tell the broker's address, which earlier versions left to the plan's settings."""
    if terms.broker:
        return terms
    return msgspec.structs.replace(terms, broker=_broker(terms.market, settings))


def _broker(market: Source, settings: dict[str, object]) -> str:
    """Return the broker's host in paper and live, LOOPBACK where it is this machine; empty in the other worlds."""
    name, upstox = _ADDRESS.get(market), settings.get("upstox")
    if name is None or not isinstance(upstox, dict):
        return ""
    try:
        host = urlsplit(str(upstox.get(name, ""))).hostname or ""
    except ValueError:
        return ""
    return LOOPBACK if config.is_loopback(host) else host


def hosts_of(addresses: Iterable[str]) -> str:
    """Return the broker's hosts as stages and evidence name them: LOOPBACK where each is this machine.

    Raises ValueError for an address that does not read.
    """
    hosts = sorted({urlsplit(address).hostname or "" for address in addresses})
    if all(config.is_loopback(host) for host in hosts):
        return LOOPBACK
    return " ".join(hosts)


def _addresses(market: Source, settings: dict[str, object]) -> str:
    upstox = settings.get("upstox")
    if market not in _ADDRESS or not isinstance(upstox, dict):
        return ""
    try:
        return hosts_of(str(upstox[name]) for name in ("api_url", "order_url", "assets_url"))
    except (ValueError, KeyError):
        return ""


def _mode(settings: dict[str, object], market: Source) -> EntryMode:
    try:
        setups = config.SetupSettings.model_validate(settings.get("setups", {}))
    except ValidationError:
        return EntryMode.AUTO
    return mode_of(setups, market)
