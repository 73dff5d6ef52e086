"""Whether the broker knows us and lets us trade: token, profile, segments, registered address, funds."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from engine.market.calendar import CalendarError
from engine.market.clock import MINUTE, Instant, datetime_of, isoformat
from engine.market.figures import grouped, rupees
from engine.market.instrument import InstrumentClass
from engine.market.price import rupees_of
from engine.market.session import trading_day
from engine.preflight.failed_reads import NEEDS_SIGN_IN, failed, judged
from engine.preflight.report import Check, CheckState, Group
from engine.preflight.survey import Survey
from engine.upstox.rest.account import SegmentState, StaticIp
from engine.upstox.rest.outcome import NO_TOKEN, Blocked, CallFailed, Rejected, SignInAgain
from engine.upstox.rest.rate_limits import Purpose
from engine.upstox.rest.token import TokenStore
from engine.upstox.sign_in.browser import describe_expiry

_GROUP: Final = Group.AUTHENTICATION
_INTRADAY: Final = "I"
_SEGMENTS: Final = ("NSE_EQ", "NSE_FO")
_NO_ORDER: Final = "000000000000000"
"""An order id that nobody has: a cancel of it changes nothing and is a write all the same."""
_WRONG_ADDRESS: Final = frozenset({"UDAPI1154", "UDAPI1179", "UDAPI1180", "UDAPI1181"})


def check_token(survey: Survey) -> Sequence[Check]:
    """Read the token's own word on when it dies; before everything must be flat is too early."""
    token = survey.token()
    if token is None:
        source = survey.token
        unusable = source.problem() if isinstance(source, TokenStore) else ""
        wanted = unusable or "expected an access token, got none"
        return [judged(_GROUP, "token", "", f"{wanted}; sign in with `cockpit login`")]
    now = survey.moment()
    if token.expires is None:
        figure = describe_expiry(token, survey.now())
        return [Check(_GROUP, "token", CheckState.WARN, "", figure, {"valid_until": None})]
    values: dict[str, object] = {"valid_until": isoformat(token.expires)}
    if now is None:
        figure = f"says it is good until {datetime_of(token.expires):%d %b %H:%M}"
        return [judged(_GROUP, "token", figure, "", values=values)]
    values["minutes_left"] = (token.expires - now) // MINUTE
    figure = describe_expiry(token, now)
    return [judged(_GROUP, "token", figure, _too_early(survey, token.expires, now), values=values)]


def check_profile(survey: Survey) -> Sequence[Check]:
    """Prove the token by the account's profile, and read whether the account may trade intraday."""
    try:
        profile = survey.client.profile()
    except CallFailed as error:
        if error.outcome == NO_TOKEN:
            return [Check(_GROUP, "profile", CheckState.NOT_ASKED, "", NEEDS_SIGN_IN)]
        if isinstance(error.outcome, SignInAgain):
            return [judged(_GROUP, "profile", "", f"the broker refuses the token: {error}")]
        return [failed(_GROUP, "profile", error)]
    figure = f"{profile.user_name or profile.user_id} ({profile.user_id}) at {profile.broker or 'the broker'}"
    figure += f"; products {', '.join(profile.products) or 'unknown'}"
    values: dict[str, object] = {
        "user_id": profile.user_id,
        "active": profile.active,
        "exchanges": list(profile.exchanges),
        "products": list(profile.products),
        "order_types": list(profile.order_types),
    }
    reason = ""
    if profile.active is False:
        reason = "expected an active account, got an inactive one; ask the broker"
    elif profile.products and _INTRADAY not in profile.products:
        reason = f"expected the intraday product ({_INTRADAY}) to be enabled, got it missing; ask the broker"
    return [judged(_GROUP, "profile", figure, reason, values=values)]


def check_segments(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Compare the segments that the watchlist needs with those the account has, and with the broker's own kill."""
    try:
        states = {row.segment: row for row in survey.client.kill_switch()}
    except CallFailed as error:
        return [failed(_GROUP, "segments", error, needed=live)]
    needed = _needed_segments(survey)
    told = {name: _told_segment(states.get(name)) for name in needed}
    figure = ", ".join(f"{name} {state}" for name, state in told.items())
    reason = ""
    off = [name for name, state in told.items() if state == "off"]
    killed = [name for name, state in told.items() if state == "killed"]
    if off:
        reason = (
            f"segment off: expected {' and '.join(off)} to be active, as the watchlist needs; "
            "enable it at the broker"
        )
    elif killed:
        reason = f"the broker's kill switch holds {' and '.join(killed)}; it opens 12 hours after it was set"
    return [judged(_GROUP, "segments", figure, reason, needed=live, values={"segments": told})]


def check_address(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Compare the address registered for orders with this machine's public one; before live, prove it by a write.

    The write is the cancel of an order that does not exist: the broker refuses it, and says whether for the address.
    """
    try:
        registered = survey.client.static_ip()
    except CallFailed as error:
        return [failed(_GROUP, "static IP", error, needed=live)]
    ours = survey.settings.preflight.public_ip.strip() or _outgoing(survey.settings.upstox.order_url)
    known = [one for one in (registered.primary, registered.secondary) if one]
    equal = any(_same(ours, one) for one in known) if ours else None
    proof = _write_accepted(survey) if live and known and equal is not False else None
    values: dict[str, object] = {
        "registered": known,
        "ours": ours or None,
        "equal": equal,
        "writes_accepted": proof,
    }
    figure = f"{' or '.join(known) or 'none'} registered"
    if equal:
        figure += ", equal to this machine's"
    if proof:
        figure += ", writes pass"
    reason = _address_fault(registered, ours, equal=equal, proof=proof, live=live)
    if reason or equal:
        return [judged(_GROUP, "static IP", figure, reason, needed=live, values=values)]
    note = "not compared: name this machine's public address in preflight.public_ip"
    return [Check(_GROUP, "static IP", CheckState.WARN, figure, note, values)]


def check_funds(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Read what is free to trade; the broker answers between 05:30 and 24:00 only."""
    try:
        funds = survey.client.funds()
    except CallFailed as error:
        return [failed(_GROUP, "funds", error, needed=live)]
    free = funds.cash if funds.cash is not None else funds.available
    if free is None:
        reason = "expected the cash available to trade, got no figure"
        return [judged(_GROUP, "funds", "", reason, needed=live)]
    capital = survey.settings.account.capital
    figure = f"{rupees(free)} rupees free"
    values: dict[str, object] = {"free_rupees": rupees_of(free), "capital_rupees": capital}
    if free <= 0:
        reason = "expected free cash, got none; add funds"
        return [judged(_GROUP, "funds", figure, reason, needed=live, values=values)]
    if live and free < round(capital * 100):
        reason = f"less than account.capital ({grouped(round(capital))}): the smaller one is the account"
        return [Check(_GROUP, "funds", CheckState.WARN, figure, reason, values)]
    return [judged(_GROUP, "funds", figure, "", values=values)]


def _too_early(survey: Survey, expires: Instant, now: Instant) -> str:
    if expires <= now:
        return "the token has expired; sign in with `cockpit login`"
    try:
        day = trading_day(survey.day(), survey.settings.session, survey.calendar())
    except CalendarError:
        # The calendar has its own check; without a session nothing has to be flat.
        return ""
    flat_by = day.flat_by(InstrumentClass.OPTION)
    if expires < flat_by and now < flat_by:
        return (
            f"the token ends before everything must be flat ({datetime_of(flat_by):%d %b %H:%M}); "
            "sign in again with `cockpit login`"
        )
    return ""


def _told_segment(state: SegmentState | None) -> str:
    if state is None or not state.active:
        return "off"
    return "killed" if state.killed else "on"


def _address_fault(
    registered: StaticIp, ours: str, *, equal: bool | None, proof: bool | None, live: bool
) -> str:
    if not registered.primary and not registered.secondary:
        return "expected an address registered for orders, got none; register this machine's at the broker"
    change = "a change at the broker ends all tokens and is possible once a week"
    if equal is False:
        wanted = " or ".join(one for one in (registered.primary, registered.secondary) if one)
        return f"wrong IP: expected orders to leave from {wanted}, as registered, got {ours}; {change}"
    if proof is False:
        return f"wrong IP: the broker takes no writes from this machine's address; {change}"
    if live and equal is None and proof is None:
        return (
            "expected this machine's public address in preflight.public_ip, got none, and no write proved it"
        )
    return ""


def _write_accepted(survey: Survey) -> bool | None:
    """Say whether the broker takes writes from here; None when its answer proves neither."""
    match survey.client.cancel(_NO_ORDER, Purpose.PROTECT):
        case Blocked(code=code) if code in _WRONG_ADDRESS:
            return False
        case Rejected():
            return True
    return None


def _outgoing(url: str) -> str:
    """Return the address that a connection to a host leaves from, where it is a public one; sends nothing."""
    parts = urlsplit(url)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.connect((parts.hostname or "", parts.port or 443))
            found = str(line.getsockname()[0])
    except OSError:
        return ""
    return found if ip_address(found).is_global else ""


def _needed_segments(survey: Survey) -> tuple[str, ...]:
    found = {key.partition("|")[0] for key in survey.wanted()}
    return tuple(name for name in _SEGMENTS if name in found) or _SEGMENTS[:1]


def _same(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False
