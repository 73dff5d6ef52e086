"""A broker small enough to read: orders, fills and positions in memory, served by the loopback server.

It keeps the rows consistent as the real one does, and lets a test fill, hide, delay and refuse.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.upstox.loopback import Loopback, Received, error, success

ENDED = ("complete", "cancelled", "rejected")
Fault = Callable[[Received], bytes | None]


@dataclass
class SmallBroker:
    """Answers every call the live broker makes. ``faults`` are asked first, newest first."""

    orders: dict[str, dict[str, object]] = field(default_factory=dict)
    trades: list[dict[str, object]] = field(default_factory=list)
    carried: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    fills: bool = True
    """Whether an exit that is sent or changed meets the market at once, at 100 rupees."""
    converts: bool = True
    """Whether a stop may be turned into a limit order."""
    delay: float = 0.0
    """Seconds until a call is answered."""
    status: str = "NORMAL_OPEN"
    auction: str = ""
    hidden: set[str] = field(default_factory=set)
    """Orders that exist and are not listed."""
    calls: list[str] = field(default_factory=list)

    def serve(self) -> Loopback:
        return Loopback(self.respond)

    def respond(self, request: Received) -> bytes:
        self.calls.append(f"{request.method} {request.path}")
        if self.delay:
            time.sleep(self.delay)
        for fault in reversed(self.faults):
            reply = fault(request)
            if reply is not None:
                return reply
        return self._read(request) if request.method == "GET" else self._write(request)

    def _write(self, request: Received) -> bytes:
        body = request.json if request.body else {}
        assert isinstance(body, dict)
        match request.path:
            case "/v3/order/place":
                name = self.place(body)
                self._meet(name)
                return success({"order_ids": [name]})
            case "/v3/order/modify":
                return self._modify(body)
            case "/v3/order/cancel":
                order = self.orders[request.query["order_id"]]
                if order["status"] in ENDED:
                    return error(400, "UDAPI100040")
                order["status"] = "cancelled"
                return success({"order_id": order["order_id"]})
        return error(404, "UDAPI100060")

    def _modify(self, body: dict[str, object]) -> bytes:
        order = self.orders[str(body["order_id"])]
        if order["status"] in ENDED:
            return error(400, "UDAPI100041")
        if order["order_type"] != body["order_type"] and not self.converts:
            return error(400, "UDAPI1052", "the order type cannot be changed")
        terms = {name: body[name] for name in ("order_type", "price", "trigger_price", "quantity")}
        order.update(terms | {"status": "trigger pending" if body["order_type"] == "SL" else "open"})
        self._meet(str(body["order_id"]))
        return success({"order_id": body["order_id"]})

    def _meet(self, order_id: str) -> None:
        """Let an exit that came over the line meet the market."""
        order = self.orders[order_id]
        if self.fills and order["order_type"] == "LIMIT":
            self.fill(order_id, 100.0)

    def _read(self, request: Received) -> bytes:
        match request.path:
            case "/v2/order/retrieve-all":
                return success(self.listed())
            case "/v2/order/history":
                tag = request.query.get("tag", "")
                return success([row for row in self.listed() if tag and row["tag"] == tag])
            case "/v2/order/details":
                return success(self.orders[request.query["order_id"]])
            case "/v2/order/trades/get-trades-for-day":
                return success(self.trades)
            case "/v2/portfolio/short-term-positions":
                return success(self.positions())
            case "/v3/order/gtt":
                return success([])
            case "/v3/market-quote/quotes":
                return success({key: _quote(key) for key in request.query["instrument_key"].split(",")})
            case path if path.startswith("/v2/market/status/"):
                auction = (
                    {"cas_eligible_status": {"status": self.auction, "last_updated": 0}}
                    if self.auction
                    else {}
                )
                return success({"exchange": "NSE", "status": self.status, "last_updated": 0, **auction})
        return error(404, "UDAPI100060")

    def listed(self) -> list[dict[str, object]]:
        return [row for name, row in self.orders.items() if name not in self.hidden]

    def place(self, body: dict[str, object]) -> str:
        """Take an order in as the broker would; it rests."""
        order_id = f"2512150000{len(self.orders) + 1:05d}"
        self.orders[order_id] = {
            "order_id": order_id,
            "tag": body.get("tag"),
            "instrument_token": body["instrument_token"],
            "product": body.get("product", "I"),
            "transaction_type": body["transaction_type"],
            "order_type": body["order_type"],
            "quantity": body["quantity"],
            "price": body.get("price", 0),
            "trigger_price": body.get("trigger_price", 0),
            "status": "trigger pending" if body["order_type"] == "SL" else "open",
            "filled_quantity": 0,
            "average_price": 0,
            "order_timestamp": "2025-12-15 10:00:00",
            "exchange_timestamp": None,
            "validity": "DAY",
        }
        return order_id

    def fill(self, order_id: str, price: float, quantity: int | None = None) -> None:
        """Fill an order, wholly when no quantity is given."""
        order = self.orders[order_id]
        filled, total = order["filled_quantity"], order["quantity"]
        average = order["average_price"]
        assert isinstance(filled, int)
        assert isinstance(total, int)
        assert isinstance(average, float | int)
        part = total - filled if quantity is None else quantity
        self.trades.append(
            {
                "trade_id": str(len(self.trades) + 1),
                "order_id": order_id,
                "instrument_token": order["instrument_token"],
                "product": order["product"],
                "transaction_type": order["transaction_type"],
                "quantity": part,
                "average_price": price,
                "exchange_timestamp": "2025-12-15 10:00:01",
            }
        )
        order["average_price"] = round((average * filled + price * part) / (filled + part), 2)
        order["filled_quantity"] = filled + part
        order["exchange_timestamp"] = "2025-12-15 10:00:01"
        order["status"] = "complete" if filled + part == total else "open"

    def positions(self) -> list[dict[str, object]]:
        """Return the positions that carried quantities and trades make."""
        keys = dict.fromkeys(
            [*self.carried, *((str(t["instrument_token"]), str(t["product"])) for t in self.trades)]
        )
        return [self._position(*key) for key in keys]

    def net(self, instrument: str, product: str = "I") -> object:
        """Return the signed units held."""
        return self._position(instrument, product)["quantity"]

    def _position(self, instrument: str, product: str) -> dict[str, object]:
        sums = {"BUY": [0, 0.0], "SELL": [0, 0.0]}
        for trade in self.trades:
            if (trade["instrument_token"], trade["product"]) == (instrument, product):
                quantity, price = trade["quantity"], trade["average_price"]
                assert isinstance(quantity, int)
                assert isinstance(price, float)
                sums[str(trade["transaction_type"])][0] += quantity
                sums[str(trade["transaction_type"])][1] += quantity * price
        carried = self.carried.get((instrument, product), 0)
        return {
            "instrument_token": instrument,
            "product": product,
            "quantity": int(carried + sums["BUY"][0] - sums["SELL"][0]),
            "overnight_quantity": carried,
            "day_buy_quantity": int(sums["BUY"][0]),
            "day_buy_value": round(sums["BUY"][1], 2),
            "day_sell_quantity": int(sums["SELL"][0]),
            "day_sell_value": round(sums["SELL"][1], 2),
            "last_price": 100.0 + len(self.calls) / 100,
            "day_buy_price": "",
        }


def _quote(key: str) -> dict[str, object]:
    """Return a full quote: 100 rupees, a wide book, circuits at 80 and 120."""
    sides = {
        side: [
            {"price": 100.0 + sign * 0.05 * level, "quantity": 1_000, "orders": 3} for level in range(1, 6)
        ]
        for side, sign in (("buy", -1), ("sell", 1))
    }
    return {
        "instrument_token": key,
        "symbol": key.partition("|")[2],
        "last_price": 100.0,
        "net_change": 0.0,
        "ohlc": {"open": 100.0, "high": 101.0, "low": 99.0, "close": 100.0},
        "depth": sides,
        "lower_circuit_limit": 80.0,
        "upper_circuit_limit": 120.0,
        "cas_eligible": True,
        "reference_price": 100.0,
    }


def key(number: int) -> str:
    return f"NSE_EQ|INE{number:03d}"


def holding(count: int, product: str = "I", quantity: int = 10, *, by_phone: bool = False) -> SmallBroker:
    """Return a broker with positions, every second one short, each behind its stop: a run's, or one set by phone."""
    broker = SmallBroker()
    for number in range(count):
        side, other = ("BUY", "SELL") if number % 2 else ("SELL", "BUY")
        body = {"instrument_token": key(number), "quantity": quantity, "product": product}
        entry = body | {"transaction_type": side, "order_type": "LIMIT", "price": 100.0}
        broker.fill(broker.place(entry), 100.0)
        price = 90.0 if side == "BUY" else 110.0
        stop = {"transaction_type": other, "order_type": "SL", "price": price, "trigger_price": price}
        broker.place(body | stop | ({} if by_phone else {"tag": f"a-1-{number:06d}-S"}))
    return broker
