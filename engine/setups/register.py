"""The house's setups: which exist, what switches them, and the word for all of them."""

from collections.abc import Mapping
from typing import Final

import config
from engine.setups.absorption import AbsorptionAtEdge
from engine.setups.common import Rule
from engine.setups.eighty_percent import EightyPercent
from engine.setups.failed_auction import FailedAuction
from engine.setups.initial_balance_extension import InitialBalanceExtension
from engine.setups.open_drive import OpenDrive
from engine.setups.single_print_continuation import SinglePrintContinuation
from engine.setups.value_area_fade import ValueAreaFade
from engine.setups.vwap_reversion import VwapReversion

SETUPS: Final[tuple[type[Rule], ...]] = (
    AbsorptionAtEdge,
    ValueAreaFade,
    EightyPercent,
    InitialBalanceExtension,
    FailedAuction,
    OpenDrive,
    VwapReversion,
    SinglePrintContinuation,
)
"""In the order they are asked. The filter comes before its parents, so that its record holds what it confirmed."""


def modes(settings: config.SetupSettings, *, live: bool) -> Mapping[str, config.Mode]:
    """Return what each setup may do by its name; where nothing else is set it asks in the live world only."""
    by_world: config.Mode = "ask" if live else "auto"
    chosen: dict[str, config.ModeByWorld] = {
        AbsorptionAtEdge.name: settings.absorption,
        ValueAreaFade.name: settings.value_area_fade,
        EightyPercent.name: settings.eighty_percent,
        InitialBalanceExtension.name: settings.initial_balance_extension,
        FailedAuction.name: settings.failed_auction,
        OpenDrive.name: settings.open_drive,
        VwapReversion.name: settings.vwap_reversion,
        SinglePrintContinuation.name: settings.single_print_continuation,
    }
    return {name: by_world if mode == "by-world" else mode for name, mode in chosen.items()}


def build_setups(
    instrument_key: str, settings: config.SetupSettings, *, estimated_range: bool
) -> tuple[Rule, ...]:
    """Return the setups of one instrument; a filter that is off does not exist."""
    return tuple(
        setup(instrument_key, estimated_range=estimated_range)
        for setup in SETUPS
        if setup is not AbsorptionAtEdge or settings.absorption != "off"
    )


def trading_word(settings: config.SetupSettings, *, live: bool) -> str:
    """Return AUTO when any setup trades by itself, ASK when any asks, else OFF."""
    found = set(modes(settings, live=live).values())
    return "AUTO" if "auto" in found else "ASK" if "ask" in found else "OFF"
