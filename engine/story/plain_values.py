"""A story as plain values for JSON: the tree as it is, its labels beside it."""

import msgspec

from engine.market.clock import isoformat
from engine.story.tree import TradeStory

HYPOTHETICAL = "HYPOTHETICAL"


def story_values(story: TradeStory) -> dict[str, object]:
    """Return a story for JSON: money and prices in paise, times in microseconds, undefined null.

    ``labels`` says SIMULATED and HYPOTHETICAL; ``result`` names what follows from the trade; ``missing`` what was not
    recorded.
    """
    values: dict[str, object] = msgspec.to_builtins(story)
    trade = story.trade
    labels = ["SIMULATED"] if story.simulated else []
    labels += [HYPOTHETICAL] if story.would_have is not None else []
    values["labels"] = labels
    values["tags"] = list(story.tags)
    values["result"] = None
    if trade is not None:
        values["result"] = {
            "entered": isoformat(trade.entry_time),
            "left": isoformat(trade.exit_time),
            "reason": trade.exit_reason,
            "gross": trade.gross,
            "charges": trade.charges,
            "charges_quality": "ESTIMATED",
            "net": trade.net,
            "initial_risk": trade.initial_risk,
            "r": trade.r,
            "mfe_r": trade.mfe_r,
            "mae_r": trade.mae_r,
            "entry_slip": story.entry_slip,
            "stop_slip": story.stop_slip,
        }
    return values
