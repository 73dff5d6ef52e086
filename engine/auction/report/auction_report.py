"""The auction of one instrument as plain JSON: rupees, ISO 8601 times, null where undefined."""

from engine.auction.report.report_sections import (
    deviation_section,
    level_section,
    order_flow_section,
    prior_section,
    structure_section,
)
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import NamedReading, ProfileReading
from engine.market.clock import SECOND, isoformat
from engine.market.price import rupees_if_known, rupees_of


def instrument_report(market: Auctions, key: str, rejected: int = 0) -> dict[str, object]:
    """Return the object of one instrument in a replay's JSON; ``rejected`` adds packets a feed could not read.

    Prices are rupees (a row's price is its lower edge), VWAP to 4 decimals, ATR to 6, volumes units. Profile total
    and session volume are what was traded inside the record between open and close.
    """
    auction = market.auction(key)
    context = market.context(key)
    continuity = market.continuity(key)
    holes = market.holes
    session = auction.brackets
    balance = context.initial_balance
    instrument = auction.instrument
    profile = _profile(context.volume_profile)
    tpo = _profile(context.tpo_profile)
    if tpo is not None:
        tpo["brackets"] = [
            {
                "letter": bracket.letter,
                "low": rupees_of(bracket.low),
                "high": rupees_of(bracket.high),
                "complete": bracket.complete,
            }
            for bracket in context.brackets
        ]
    fraction = auction.vwap.fraction
    atr = auction.bars.atr
    return {
        "tick_size": rupees_of(instrument.tick),
        "tick_provenance": instrument.provenance.value,
        "lot": instrument.lot,
        "lot_provenance": instrument.provenance.value,
        "session": {
            "open": rupees_if_known(auction.open),
            "high": rupees_if_known(session.high),
            "low": rupees_if_known(session.low),
            "last": rupees_if_known(auction.last),
            "volume": auction.profile.total,
            "vwap": None if fraction is None else round(fraction[0] / fraction[1] / 100, 4),
            "exchange_vwap": rupees_if_known(auction.average_price),
        },
        "quality": {
            "updates": continuity.updates,
            "trades": auction.record.trades,
            "duplicates": continuity.duplicates,
            "out_of_order": continuity.out_of_order,
            "rejected": continuity.rejected + rejected,
            "gaps": [
                {"from": isoformat(hole.start), "seconds": round((hole.end - hole.start) / SECOND, 3)}
                for hole in holes
            ],
            "partial": auction.partial_since is not None,
            "partial_since": None if auction.partial_since is None else isoformat(auction.partial_since),
            "seeded_from": auction.seeded_from,
            "estimated_volume": auction.record.estimated.total,
            "unplaced_volume": auction.placement.unplaced(holes),
        },
        "volume_profile": profile,
        "tpo_profile": tpo,
        "initial_balance": None
        if balance is None
        else {
            "low": rupees_of(balance.low),
            "high": rupees_of(balance.high),
            "complete": balance.complete,
        },
        "rotation_factor": context.rotation_factor,
        "day_type": _named(context.day_type),
        "open_type": _named(context.open_type),
        "atr": {
            "period": market.settings.stop.atr_period,
            "value": None if atr is None else round(atr / 100, 6),
        },
        "structure": structure_section(auction, context),
        "vwap_deviation": deviation_section(auction, context),
        "order_flow": order_flow_section(context),
        "prior": prior_section(context),
        "levels": level_section(context),
    }


def _profile(reading: ProfileReading | None) -> dict[str, object] | None:
    if reading is None:
        return None
    return {
        "row": rupees_of(reading.row),
        "rule": reading.rule,
        "poc": rupees_of(reading.poc),
        "val": rupees_of(reading.val),
        "vah": rupees_of(reading.vah),
        "total": reading.total,
        "ties": reading.ties,
    }


def _named(reading: NamedReading) -> dict[str, object]:
    evidence: dict[str, object] = {**reading.evidence, "developing": reading.developing}
    if reading.falsifier:
        evidence["falsifier"] = reading.falsifier
    return {"name": reading.name, "evidence": evidence}
