"""The shape of the status that the outside contract names."""

from typing import Any

KEYS = {
    "world",
    "mode",
    "stage",
    "phase",
    "engine",
    "feed",
    "book",
    "positions",
    "orders",
    "pnl",
    "risk",
    "latch",
}


def checked(status: dict[str, Any]) -> dict[str, Any]:
    """Return a status after checking it against the outside contract."""
    assert status.keys() - {"others"} == KEYS
    assert status["engine"] in ("running", "hung", "none")
    assert status["book"].keys() == {"state", "verified_at", "source"}
    assert status["book"]["state"] in ("FLAT", "OPEN", "UNKNOWN")
    if status["book"]["state"] == "FLAT":
        assert status["book"]["source"] == "broker"
    for position in status["positions"]:
        assert position.keys() >= {"instrument", "quantity", "average_price", "stop", "pnl"}
        assert position["stop"] is None or position["stop"].keys() == {"price", "state"}
    assert status["pnl"].keys() == {"realised", "open", "charges", "net"}
    if status["latch"] is not None:
        assert status["latch"].keys() >= {"state", "since", "by", "reason"}
    return status
