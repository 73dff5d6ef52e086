"""The portfolio stream: orders and positions as JSON text, no subscription, no replay."""

import json
from collections.abc import Mapping
from typing import Any

from tests.fake_upstox.faults import Faults
from tests.fake_upstox.repeating import repeating
from tests.fake_upstox.stream import StreamClient

NAME = "portfolio"
_KINDS = frozenset({"order", "position", "holding", "gtt_order"})
_UNKNOWN_STATUS = "held by exchange"


def kinds_of(update_types: str) -> frozenset[str]:
    """Return the kinds that a client asked for; orders when it named none."""
    return frozenset(update_types.split(",")) & _KINDS or frozenset({"order"})


class PortfolioHub:
    """All portfolio clients."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.clients: list[tuple[StreamClient, frozenset[str]]] = []
        self.published = 0

    def publish(self, event: Mapping[str, Any]) -> None:
        """Send an event to whoever asked for its kind."""
        self.published += 1
        told = dict(event)
        if told["update_type"] == "order" and self._faults.take("unknown-status", stream=NAME):
            told["status"] = _UNKNOWN_STATUS
        if self._faults.take("unknown-field", stream=NAME):
            told["x_of_tomorrow"] = [1, {"deep": None}]
        repeated = self._faults.take("repeat-text", stream=NAME)
        text = json.dumps(repeating(told, str(repeated.facts["text"])) if repeated else told)
        for client, kinds in self.clients:
            if told["update_type"] in kinds:
                client.send(text)
