"""What the auction of one instrument is, in words and figures: classifications, order flow and every level."""

from engine.auction.values.context import Context, NamedReading
from engine.auction.values.levels import Absorption, DiagonalImbalance, StackedImbalance
from engine.contract.auction_views import (
    AbsorptionView,
    AcceptanceView,
    AuctionView,
    GapView,
    ImbalanceView,
    LevelView,
    NamedView,
    OrderFlowView,
    RuleView,
)
from engine.presenter.evidence import describe_evidence
from engine.presenter.ladder import describe_quality


def build_auction(context: Context) -> AuctionView:
    """Return the auction as a context reads it; nothing is worked out anew."""
    gap = context.gap
    levels = sorted(context.levels, key=lambda level: level.price, reverse=True)
    return AuctionView(
        key=context.instrument.key,
        symbol=context.instrument.symbol,
        tick=context.instrument.tick,
        row=context.row,
        last=context.last,
        quality=describe_quality(context),
        day_type=_named(context.day_type),
        open_type=_named(context.open_type),
        shape=context.shape,
        value_weak=context.value_weak,
        balance_state=context.balance_state,
        location=context.location,
        activity=context.activity,
        gap=None if gap is None else GapView(gap.up, gap.size, gap.filled_share),
        notes=context.notes,
        acceptance=tuple(AcceptanceView(name, taken.value) for name, taken in context.acceptance.items()),
        order_flow=_order_flow(context),
        levels=tuple(
            LevelView(level.name, level.price, level.provenance, level.quality.value, level.note)
            for level in levels
        ),
    )


def _named(reading: NamedReading) -> NamedView:
    return NamedView(reading.name, reading.developing, describe_evidence(reading.evidence), reading.falsifier)


def _order_flow(context: Context) -> OrderFlowView | None:
    delta, nearest = context.delta, context.nearest_absorption
    if delta is None:
        return None
    return OrderFlowView(
        rule=delta.rule,
        delta=delta.value,
        low=delta.low,
        high=delta.high,
        rules=tuple(RuleView(name, figure) for name, figure in delta.rules),
        imbalance=delta.imbalance,
        inside_share=delta.inside_share,
        agreed_share=delta.agreed_share,
        absorptions=tuple(_absorption(one) for one in reversed(context.absorptions)),
        nearest=None if nearest is None else _absorption(nearest),
        stacked=tuple(_stacked(one) for one in reversed(context.stacked_imbalances)),
        diagonal=tuple(_diagonal(one) for one in context.diagonal_imbalances),
    )


def _absorption(one: Absorption) -> AbsorptionView:
    return AbsorptionView(one.time, one.price, one.side, one.volume, one.needed)


def _stacked(one: StackedImbalance) -> ImbalanceView:
    return ImbalanceView(one.time, one.low, one.high, one.side, one.rows)


def _diagonal(one: DiagonalImbalance) -> ImbalanceView:
    return ImbalanceView(one.time, one.price, one.price, one.side, 1)
