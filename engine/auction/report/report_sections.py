"""The further readings of one instrument as plain JSON: rupees, ISO 8601 times, null where undefined."""

from engine.auction.state.auction import Auction
from engine.auction.state.structure_reading import read_structure
from engine.auction.values.context import Context, ProfileReading
from engine.auction.values.levels import PriorLevels
from engine.market.clock import isoformat
from engine.market.price import rupees_if_known, rupees_of


def structure_section(auction: Auction, context: Context) -> dict[str, object]:
    """Return shape, tails, zones, nodes, ledges, extremes and how the profile developed."""
    structure = read_structure(auction)
    beside = structure and {
        "above": structure.tpos_above,
        "below": structure.tpos_below,
        "above_without_tails": structure.body_above,
        "below_without_tails": structure.body_below,
    }
    return {
        "shape": context.shape or None,
        "tails": {"top_rows": context.top_tail, "bottom_rows": context.bottom_tail},
        "poor_high": context.poor_high,
        "poor_low": context.poor_low,
        "tpos_beside_poc": beside,
        "single_prints": [
            {
                "low": rupees_of(zone.low),
                "high": rupees_of(zone.high),
                "rows": zone.rows,
                "letter": zone.letter or None,
                "loose_share": zone.loose_share,
            }
            for zone in context.zones
        ],
        "nodes": [
            {"kind": node.kind.value, "price": rupees_of(node.price), "volume": node.volume}
            for node in context.nodes
        ],
        "ledges": [
            {
                "price": rupees_of(ledge.price),
                "side": "highs" if ledge.upper else "lows",
                "brackets": ledge.brackets,
            }
            for ledge in context.ledges
        ],
        "extended_up": context.extended_up,
        "extended_down": context.extended_down,
        "one_timeframing": context.one_timeframing,
        "poc_migration_rows": context.poc_migration,
        "value_weak": context.value_weak or None,
        "acceptance": {name: taken.value for name, taken in context.acceptance.items()},
        "opening_range": None
        if context.opening_range is None
        else dict(zip(("low", "high"), map(rupees_of, context.opening_range), strict=True)),
        "developing": [
            {
                "letter": sample.letter,
                "time": isoformat(sample.time),
                **_levels(sample.profile),
                "delta": sample.delta,
            }
            for sample in context.developing
        ],
        "placement_band": _placement_band(context),
        "distributions": [
            {
                "letters": one.letters,
                "low": rupees_of(one.low),
                "high": rupees_of(one.high),
                **_levels(one.profile),
            }
            for one in context.distributions
        ],
    }


def level_section(context: Context) -> list[dict[str, object]]:
    """Return every level by its name, with where it comes from and how far it may be trusted."""
    return [
        {
            "name": level.name,
            "price": rupees_of(level.price),
            "provenance": level.provenance,
            "quality": level.quality.value,
            "note": level.note or None,
        }
        for level in context.levels
    ]


def deviation_section(auction: Auction, context: Context) -> dict[str, object]:
    """Return σ around the VWAP of the recorded part to 4 decimals, three bands around the VWAP and its slope."""
    fraction, vwap = auction.vwap.variance_fraction, context.vwap
    sigma = None if fraction is None else fraction[0] ** 0.5 / fraction[1]
    bands = None
    if sigma is not None and vwap is not None:
        bands = {
            str(times): [round((vwap - times * sigma) / 100, 4), round((vwap + times * sigma) / 100, 4)]
            for times in (1, 2, 3)
        }
    return {
        "sigma": None if sigma is None else round(sigma / 100, 4),
        "since": None if context.partial_since is None else isoformat(context.partial_since),
        "minutes": context.deviation_minutes,
        "bands": bands,
        "slope_per_hour": rupees_if_known(context.vwap_slope),
    }


def order_flow_section(context: Context) -> dict[str, object] | None:
    """Return delta under each rule with its band, imbalance and absorption; None before the first trade."""
    delta, nearest = context.delta, context.nearest_absorption
    if delta is None:
        return None
    return {
        "inferred": "one packet stands for many trades: no aggressor is reported",
        "delta": {
            "rule": delta.rule,
            "value": delta.value,
            "low": delta.low,
            "high": delta.high,
            "sign": delta.sign or None,
            "rules": dict(delta.rules),
        },
        "agreed_share": delta.agreed_share,
        "inside_share": delta.inside_share,
        "order_flow_imbalance": delta.imbalance,
        "absorptions": [
            {
                "time": isoformat(one.time),
                "price": rupees_of(one.price),
                "side": one.side,
                "volume": one.volume,
            }
            for one in context.absorptions
        ],
        "nearest_absorption": nearest
        and {
            "time": isoformat(nearest.time),
            "price": rupees_of(nearest.price),
            "side": nearest.side,
            "volume": nearest.volume,
            "needed": nearest.needed,
        },
        "stacked_imbalances": [
            {
                "time": isoformat(stack.time),
                "low": rupees_of(stack.low),
                "high": rupees_of(stack.high),
                "side": stack.side,
                "rows": stack.rows,
            }
            for stack in context.stacked_imbalances
        ],
        "diagonal_imbalances": [
            {"time": isoformat(one.time), "price": rupees_of(one.price), "side": one.side}
            for one in context.diagonal_imbalances
        ],
    }


def prior_section(context: Context) -> dict[str, object] | None:
    """Return what earlier sessions left and where today stands against it; None when nothing is known."""
    prior = context.prior
    if prior is None:
        return None
    return {
        "day": prior.day.isoformat(),
        "quality": prior.quality.value,
        "reason": prior.reason or None,
        "sessions": prior.sessions,
        "open": rupees_of(prior.open),
        "high": rupees_of(prior.high),
        "low": rupees_of(prior.low),
        "close": rupees_of(prior.close),
        "poc": rupees_of(prior.poc),
        "val": rupees_of(prior.val),
        "vah": rupees_of(prior.vah),
        "day_type": prior.day_type,
        **_optional_levels(prior),
        "naked_pocs": [
            {"day": day.isoformat(), "price": rupees_of(price)} for day, price in context.naked_pocs
        ],
        "balance_days": prior.balance_days,
        "range_days": prior.range_days,
        "balance_state": context.balance_state or None,
        "location": context.location or None,
        "activity": context.activity or None,
        "gap": None
        if context.gap is None
        else {
            "direction": "up" if context.gap.up else "down",
            "size": rupees_of(context.gap.size),
            "filled_share": context.gap.filled_share,
        },
    }


def _optional_levels(prior: PriorLevels) -> dict[str, object]:
    return {
        "week_high": rupees_if_known(prior.week_high),
        "week_low": rupees_if_known(prior.week_low),
        "month_high": rupees_if_known(prior.month_high),
        "month_low": rupees_if_known(prior.month_low),
        "balance_high": rupees_if_known(prior.balance_high),
        "balance_low": rupees_if_known(prior.balance_low),
        "balance_poc": rupees_if_known(prior.balance_poc),
        "balance_val": rupees_if_known(prior.balance_val),
        "balance_vah": rupees_if_known(prior.balance_vah),
        "average_range": rupees_if_known(prior.average_range),
    }


def _placement_band(context: Context) -> dict[str, object] | None:
    band = context.placement_band
    if band is None:
        return None
    return {
        "wide": band.wide,
        "all_at_last": _levels(band.at_last),
        "remainder_at_previous": _levels(band.at_previous),
        "remainder_spread": _levels(band.spread),
    }


def _levels(reading: ProfileReading) -> dict[str, object]:
    return {"poc": rupees_of(reading.poc), "val": rupees_of(reading.val), "vah": rupees_of(reading.vah)}
