"""Whether the broker knows us and lets us trade: token, profile, segments, registered address, funds."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from engine.market.calendar import CalendarError
from engine.market.clock import datetime_of
from engine.market.instrument import InstrumentClass
from engine.market.price import rupees_of
from engine.market.session import trading_day
from engine.preflight.report import Check, Group, State
from engine.preflight.survey import Survey
from engine.upstox.account import StaticIp
from engine.upstox.instruments import FileError
from engine.upstox.outcome import CallFailed
from engine.upstox.sign_in import describe_expiry
from engine.upstox.token import TokenError

_INTRADAY: Final = "I"
_EXCHANGE_OF: Final = {"NSE_EQ": "NSE", "NSE_FO": "NFO"}


def check_token(survey: Survey) -> Sequence[Check]:
    """Read the token's own word on when it dies; before everything must be flat is too early."""
    token = survey.token()
    if token is None:
        return [
            _check(
                "token", State.NO_GO, "", "expected an access token, got none; sign in with `cockpit login`"
            )
        ]
    now = survey.now()
    if token.expires is None:
        return [_check("token", State.WARN, "", describe_expiry(token, now))]
    figure = describe_expiry(token, now)
    if survey.feed_is_clock:
        return [_check("token", State.GO, figure)]
    if token.expires <= now:
        return [_check("token", State.NO_GO, figure, "the token has expired; sign in with `cockpit login`")]
    try:
        flat_by = trading_day(survey.day(), survey.settings.session, survey.calendar()).flat_by(
            InstrumentClass.OPTION
        )
    except CalendarError:
        return [_check("token", State.GO, figure)]
    if token.expires < flat_by and now < flat_by:
        reason = (
            f"the token ends before everything must be flat ({datetime_of(flat_by):%H:%M}); "
            "sign in again with `cockpit login`"
        )
        return [_check("token", State.NO_GO, figure, reason)]
    return [_check("token", State.GO, figure)]


def check_profile(survey: Survey) -> Sequence[Check]:
    """Prove the token by the account's profile, and read whether the account may trade intraday."""
    try:
        profile = survey.client.profile()
    except (CallFailed, TokenError) as error:
        return [_check("profile", State.NO_GO, "", str(error))]
    figure = f"{profile.user_name or profile.user_id} ({profile.user_id}) at {profile.broker or 'the broker'}"
    if profile.active is False:
        return [
            _check(
                "profile",
                State.NO_GO,
                figure,
                "expected an active account, got an inactive one; ask the broker",
            )
        ]
    if profile.products and _INTRADAY not in profile.products:
        reason = (
            f"expected the intraday product (I), got {', '.join(profile.products)}; enable it at the broker"
        )
        return [_check("profile", State.NO_GO, figure, reason)]
    return [_check("profile", State.GO, figure)]


def check_segments(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Compare the segments that the watchlist needs with those the account has, and with the broker's own kill."""
    bad = State.NO_GO if live else State.WARN
    try:
        states = {row.segment: row for row in survey.client.kill_switch()}
    except (CallFailed, TokenError) as error:
        return [_check("segments", bad, "", str(error))]
    needed = _needed_segments(survey)
    figure = ", ".join(
        f"{name} {'off' if row is None or not row.active else 'killed' if row.killed else 'on'}"
        for name in needed
        for row in [states.get(name)]
    )
    off = [name for name in needed if name not in states or not states[name].active]
    killed = [name for name in needed if name in states and states[name].active and states[name].killed]
    if off:
        reason = (
            f"expected {' and '.join(off)} to be active, got a segment that is off; enable it at the broker"
        )
        return [_check("segments", bad, figure, reason)]
    if killed:
        reason = f"the broker's kill switch holds {' and '.join(killed)}; it opens 12 hours after it was set"
        return [_check("segments", bad, figure, reason)]
    return [_check("segments", State.GO, figure)]


def check_address(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Compare the address registered for orders with this machine's public one."""
    bad = State.NO_GO if live else State.WARN
    try:
        registered = survey.client.static_ip()
    except (CallFailed, TokenError) as error:
        return [_check("static IP", bad, "", str(error))]
    ours = survey.settings.preflight.public_ip.strip()
    figure = _registered(registered)
    if not registered.primary and not registered.secondary:
        reason = "expected an address registered for orders, got none; register this machine's at the broker"
        return [_check("static IP", bad, figure, reason)]
    if not ours:
        reason = "not compared: preflight.public_ip does not say this machine's public address"
        return [_check("static IP", State.WARN, figure, reason)]
    if not any(_same(ours, one) for one in (registered.primary, registered.secondary)):
        reason = (
            f"wrong IP: expected orders to leave from {ours}, got {figure} registered; orders would be refused "
            "(UDAPI1154). A change at the broker ends all tokens and is possible once a week"
        )
        return [_check("static IP", bad, figure, reason)]
    return [_check("static IP", State.GO, figure)]


def check_funds(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Read what is free to trade; the broker answers between 05:30 and 24:00 only."""
    bad = State.NO_GO if live else State.WARN
    try:
        funds = survey.client.funds()
    except (CallFailed, TokenError) as error:
        return [_check("funds", bad, "", str(error))]
    free = funds.cash if funds.cash is not None else funds.available
    if free is None:
        return [_check("funds", bad, "", "expected the cash available to trade, got no figure")]
    figure = f"{rupees_of(free):,.2f} rupees free"
    capital = round(survey.settings.account.capital * 100)
    if free <= 0:
        return [_check("funds", bad, figure, "expected free cash, got none; add funds")]
    if free < capital and live:
        reason = f"less than account.capital ({rupees_of(capital):,.0f}): the smaller one is the account"
        return [_check("funds", State.WARN, figure, reason)]
    return [_check("funds", State.GO, figure)]


def _needed_segments(survey: Survey) -> tuple[str, ...]:
    try:
        instruments = survey.resolved().instruments
    except (FileError, OSError):
        instruments = ()
    found = {instrument.key.partition("|")[0] for instrument in instruments if instrument.tradable}
    return tuple(name for name in _EXCHANGE_OF if name in found) or ("NSE_EQ",)


def _registered(registered: StaticIp) -> str:
    return " or ".join(one for one in (registered.primary, registered.secondary) if one) or "no address"


def _same(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False


def _check(name: str, state: State, figure: str = "", reason: str = "") -> Check:
    return Check(Group.AUTHENTICATION, name, state, figure, reason)
