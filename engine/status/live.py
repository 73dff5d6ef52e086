"""What the broker says of a live account, asked from a shell: with no engine, or beside one."""

from dataclasses import dataclass
from typing import Final

import config
from engine.brokers.cursor_file import ExchangeError
from engine.brokers.upstox.account_state import (
    OVER,
    AccountStanding,
    FlattenScope,
    account_standing,
    exchange_of,
    protects,
)
from engine.brokers.upstox.book_reader import WholeBook
from engine.brokers.upstox.place_file import kept_place
from engine.brokers.upstox.translation import intraday
from engine.market.calendar import CalendarError
from engine.market.clock import Instant, isoformat
from engine.market.figures import counted, grouped, signed_units
from engine.market.price import rupees_of
from engine.orders.order import Order
from engine.orders.other_products import LeftBecause
from engine.runtime.plan import RunMode, RunPlan
from engine.settings.sections import ShellSections
from engine.status.broker_day_result import BrokerDayResult, DayHolding, day_result, open_result
from engine.status.known_orders import known_orders
from engine.status.position_shares import by_fills
from engine.status.quote_marks import marked
from engine.status.run_records import day_of, live_plan, read_plan
from engine.status.status_rows import order_row, stop_row
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.listed import Listed
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.rate_limits import CallBudget, Purpose
from engine.upstox.rest.records import BrokerOrderRow, BrokerPositionRow, TradeRow
from engine.upstox.rest.token import TokenStore
from engine.upstox.rest.transport import transport_for
from engine.world.directories import World, WorldDirectory
from engine.world.latch_file import wall_clock

AFTER_CLOSE: Final = (
    "no exchange takes an exit of it today; the broker squares off what it does not let stand, at its charge; the rest "
    "stays overnight without a stop, until the next session or a call to the broker's desk"
)
_DECIDE: Final = config.ADDRESSES | {"account.mode"}
"""Settings whose default must not stand in for what was written: another broker would be asked, or none."""


@dataclass(frozen=True, slots=True)
class BrokerReach:
    """A broker that may hold something of a world's, and what of it is in scope."""

    client: UpstoxClient
    scope: FlattenScope
    plan: RunPlan | None
    """The live run; None when there never was one, or it cannot be read."""
    settings: ShellSections
    """What the run was set to, with the secrets and the kill's scope of now."""
    known: tuple[Order, ...] = ()
    """What the run and others of its day knew of their orders: the broker's lists must tell no less."""

    def standing(self) -> AccountStanding:
        """Ask the broker."""
        return account_standing(self.client, self.scope, known=self.known)


def broker_of(directory: WorldDirectory, settings: ShellSections | None) -> BrokerReach | None:
    """Return the broker that may hold something of a world's; None when nothing of it can be there.

    Addresses are those that the live run had, secrets those of now. ``settings`` is None when they cannot be used:
    the run's own are taken then. Without a live run the broker is asked where the settings say live and a token is
    there, for the account may hold what a phone bought; and where a ledger that does not read may hide one.
    """
    if directory.world is not World.ACCOUNT:
        return None
    root = directory.path.parent
    plan = live_plan(directory)
    chosen = _chosen(plan, settings)
    if chosen is None:
        return None
    token = TokenStore(root, chosen.upstox.access_token)
    hidden = directory.place.exists() and read_plan(directory) is None
    wanted = settings is not None and settings.account.mode == RunMode.LIVE.value and token() is not None
    if plan is None and not hidden and not wanted:
        return None
    client = UpstoxClient(chosen.upstox, token, transport_for(chosen.upstox), CallBudget())
    return BrokerReach(client, FlattenScope(chosen.kill.scope), plan, chosen, known_orders(directory, plan))


def hidden_account(directory: WorldDirectory, settings: ShellSections | None) -> str:
    """Return why nobody can say what the account of a world holds in which nothing ever began; empty where one can.

    A token opens an account, and where the settings do not say which broker it is of, or whether it is traded live,
    what a phone bought there is not seen.
    """
    if directory.world is not World.ACCOUNT or not (settings is None or settings.unread & _DECIDE):
        return ""
    token = TokenStore(directory.path.parent, "" if settings is None else settings.upstox.access_token)
    if token() is None:
        return ""
    return (
        "no run ever began here, and what the account of its token holds is UNKNOWN: the settings that lead to its "
        "broker cannot be used; mend cockpit.toml, `cockpit config --check` says how"
    )


def live_status(directory: WorldDirectory, reach: BrokerReach) -> tuple[dict[str, object], str]:
    """Return what the contract's status says of a live account, and why it says less than it could (else empty)."""
    plan = reach.plan
    place = _place(directory, plan)
    found: dict[str, object] = {}
    if plan is not None:
        time = None if place is None else isoformat(place[0])
        found["feed"] = {
            "source": RunMode.LIVE.value,
            "time": time,
            "updates": None if place is None else place[1],
        }
        found["phase"] = _phase(directory, plan, place)
    standing = reach.standing()
    if not standing.known or standing.day is None:
        return found, f"the broker cannot be asked, so what is open is unknown: {standing.problem}"
    found["book"] = {
        "state": _state(standing),
        "verified_at": isoformat(wall_clock()),
        "source": "broker",
    }
    executions, unread = _executions(reach.client, standing.day)
    day, unmarked = marked(reach.client, standing.day)
    result = day_result(day, executions, plan, {order.tag for order in reach.known})
    rows = {(row.instrument, row.product): row for row in day.positions}
    found["positions"] = [
        _position(rows[row.instrument, row.product], standing.orders, result) for row in standing.positions
    ]
    found["orders"] = [_order(order) for order in standing.orders]
    sums = {
        "realised": result.realised,
        "open": result.open,
        "charges": result.charges,
        "net": result.net,
    }
    found["pnl"] = {name: None if value is None else rupees_of(value) for name, value in sums.items()}
    found["risk"] = {"result_of": "ours" if result.ours else "account"}
    return found, "; ".join(
        said
        for said in (
            standing.problem,
            unread,
            unmarked,
            carried_past_close(reach, standing),
            left_outside(standing),
        )
        if said
    )


def _executions(client: UpstoxClient, book: WholeBook) -> tuple[Listed[TradeRow], str]:
    """Return the day's executions, and why what fills were worth goes by averages instead (else empty)."""
    if not any(order.filled_quantity for order in book.orders):
        return Listed(), ""
    try:
        found = client.trades(purpose=Purpose.KILL)
    except CallFailed as error:
        return Listed(), f"the executions could not be read, figures go by the orders' averages: {error}"
    words = "; ".join(row.words for row in found.unread)
    return found, f"an execution could not be read: {words}" if words else ""


def _state(standing: AccountStanding) -> str:
    """Return the contract's word: what could not be read is neither flat nor known to be open."""
    if standing.flat:
        return "FLAT"
    return "OPEN" if standing.positions or standing.orders else "UNKNOWN"


def carried_past_close(reach: BrokerReach, standing: AccountStanding | None = None) -> str:
    """Return what is carried overnight, no exchange taking an exit of it any more; empty while one may."""
    standing = reach.standing() if standing is None else standing
    if not standing.positions:
        return ""
    try:
        exchanges = {exchange_of(row.instrument) for row in standing.positions}
        over = all(reach.client.market_status(name, Purpose.KILL).status in OVER for name in exchanges)
    except CallFailed:
        return ""
    names = ", ".join(
        f"{row.symbol or row.instrument} {signed_units(row.quantity)}" for row in standing.positions
    )
    return f"CARRIED past the close: {names}; {AFTER_CLOSE}" if over else ""


def left_outside(standing: AccountStanding) -> str:
    """Return what the kill leaves alone, counted and named; empty when it is nothing."""
    counts = [
        counted(len(rows), what)
        for rows, what in ((standing.left, "position"), (standing.outside_orders, "live order"))
        if rows
    ]
    names = [one.told for one in standing.left]
    names += [
        f"{row.side.lower()} {grouped(row.quantity - row.filled_quantity)} {row.symbol or row.instrument} in product "
        f"{row.product} ({LeftBecause.BEYOND_SCOPE.value})"
        for row in standing.outside_orders
    ]
    left = [f"leaves {' and '.join(counts)} alone: {', '.join(names)}"] if counts else []
    left += [f"leaves {one.told}" for one in standing.waiting]
    if standing.waiting_unknown:
        left.append(standing.waiting_unknown)
    return "; ".join(left)


def _chosen(plan: RunPlan | None, settings: ShellSections | None) -> ShellSections | None:
    """Return what leads to the broker: a live run's own settings, with the secrets and the scope of now."""
    now = None if settings is None or settings.unread & _DECIDE else settings
    if plan is None:
        return now
    try:
        own = plan.configured()
    except ValueError:
        # Written by another version: the addresses of now are the best guess there is.
        return now
    if settings is None:
        return own
    now_at = settings.upstox
    secrets = {
        "access_token": now_at.access_token,
        "client_id": now_at.client_id,
        "client_secret": now_at.client_secret,
    }
    upstox = own.upstox.model_copy(update=secrets)
    kill = own.kill if "kill.scope" in settings.unread else settings.kill
    return own.model_copy(update={"upstox": upstox, "kill": kill})


def _place(directory: WorldDirectory, plan: RunPlan | None) -> tuple[Instant, int] | None:
    """Return when the run last committed its place, and after how many updates."""
    if plan is None:
        return None
    try:
        place = kept_place(directory.place)
    except ExchangeError:
        return None
    if place is None or place.cursor.run != plan.run:
        return None
    return place.cursor.now, place.cursor.updates


def _phase(directory: WorldDirectory, plan: RunPlan, place: tuple[Instant, int] | None) -> str | None:
    """Return the phase now; where the feed is the clock, as of the newest place."""
    try:
        day = day_of(directory, plan)
        by_feed = plan.configured().session.clock == "feed"
    except (CalendarError, ValueError):
        return None
    now = (None if place is None else place[0]) if by_feed else wall_clock()
    if now is None or not plan.instruments:
        return None
    return day.phase(plan.instruments[0].kind, now).value


def _position(
    position: BrokerPositionRow, orders: tuple[BrokerOrderRow, ...], result: BrokerDayResult
) -> dict[str, object]:
    stops = [order for order in orders if protects(order, position)]
    covered = sum(order.quantity - order.filled_quantity for order in stops)
    trigger = stops[-1].trigger_price if stops else None
    whole, ours = result.holdings.get(position.instrument), result.ours.get(position.instrument)
    blended = position.instrument in result.blended
    if not intraday(position):
        blended, ours = True, None
        cost = None if position.average_price is None else position.average_price * position.quantity
        whole = None if cost is None else DayHolding(position.quantity, cost)
    elif blended:
        ours = None
    counted = ours if ours is not None and ours.quantity else whole
    return {
        "instrument": position.instrument,
        "quantity": position.quantity,
        **by_fills(
            position.quantity,
            whole,
            ours,
            position.average_price,
            blended=blended,
            pnl=open_result(position, counted),
        ),
        "stop": stop_row(trigger, covered, position.quantity),
        **({} if intraday(position) else {"product": position.product}),
    }


def _order(order: BrokerOrderRow) -> dict[str, object]:
    return order_row(
        order.tag,
        order.instrument,
        order.side,
        order.order_type,
        quantity=order.quantity,
        filled=order.filled_quantity,
        price=order.price,
        trigger_price=order.trigger_price,
        status=order.status,
    )
