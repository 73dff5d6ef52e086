"""The two top lines: where we are (world, mode, phase, time, feed), and what it made (result, charges, risk)."""

from cockpit.text.formatting import age, clock, countdown, speed
from cockpit.text.lines import Line, Span, choose, compose, fit, gauge, length, spread
from engine.contract.views import HeaderView, RiskView, ScreenView
from engine.market.figures import UNKNOWN, rupees, signed_rupees

_SOON_SECONDS = 600
_SIGN_IN_SOON_SECONDS = 1_800
_SHORTEST_REASON = 20
_LEAST_OF_A_REASON = 6
_WITH_BROKER = ("paper", "live")
_MEANINGS = {"paper": "simulated fills", "live": "REAL ORDERS"}
_FEED_STYLES = {"LIVE": "good", "STALE": "alarm", "GAP": "warn"}


def direction(amount: int | None) -> str:
    """Return the style of an amount by its sign."""
    if amount is None or amount == 0:
        return ""
    return "up" if amount > 0 else "down"


def trading_word(header: HeaderView) -> str:
    """Return AUTO, ASK or PAUSED alone, without its reason."""
    return "PAUSED" if header.paused else header.trading.split(" ", 1)[0].strip(":,·–-") or UNKNOWN


def sign_in(view: ScreenView) -> list[tuple[int, list[Span]]]:
    """Return how long the broker's token still works, as parts with their ranks; nothing without a broker.

    Told in market time, which is the broker's own: a recorded day that is served as live has tokens of that day.
    """
    header = view.header
    if header.world not in _WITH_BROKER:
        return []
    until = header.signed_in_until
    if until is None:
        checks = view.preflight.checks if view.preflight is not None else ()
        if any(row.name == "token" and row.state != "NO-GO" for row in checks):
            return [(7, [("sign-in ", "dim"), ("no end known", "")])]
        return [(0, [(" SIGN IN ", "alarm")])]
    left = (until - header.market_time) // 1_000_000
    end = clock(until, seconds=False)
    if left <= 0:
        return [(0, [(" SIGN IN ", "alarm")]), (6, [(f"it ended {end}", "strong")])]
    if left < _SIGN_IN_SOON_SECONDS:
        return [(1, [(f"sign-in ends in {countdown(left)}", "warn")])]
    return [(5, [("signed in until ", "dim"), (end, "")])]


def _world(header: HeaderView) -> tuple[list[Span], list[Span]]:
    """Return the world's name with its stage, and what its orders mean."""
    name: list[Span] = [(f" {header.world.upper()} ", "title")]
    if header.world in _WITH_BROKER and header.stage.upper() not in ("", "PAPER"):
        name.append((f" {header.stage}", "dim"))
    meaning = _MEANINGS.get(header.world, "")
    if header.world == "live" and header.stage == "PAPER":
        meaning = "PAPER, EXITS ONLY"
    return name, [(meaning, "strong" if header.world == "live" else "")] if meaning else []


def _reason(header: HeaderView, room: int) -> str:
    """Return AUTO, ASK or PAUSED with as much of its reason as there is room for; half a word says less than none."""
    word = trading_word(header)
    if room < min(len(header.trading), len(word) + _LEAST_OF_A_REASON):
        return word
    return fit(header.trading, min(len(header.trading), room))


def paint_band(view: ScreenView | None, width: int, *, silent: int | None, ended: bool) -> Line:
    """Return the world's band: the world's name, who decides, phase, Indian time, countdowns and the feed."""
    if view is None:
        return compose([(" COCKPIT ", "title"), ("  waiting for the engine's first word", "")], width)
    header = view.header
    replayed = header.world in ("simulated", "replay")
    world, meaning = _world(header)
    play: list[Span] = []
    if replayed:
        state = "‖ paused" if header.replay_paused else f"▶ {speed(header.speed)}"
        play = [(f"{state} {header.progress}".rstrip(), "strong" if header.replay_paused else "")]
    feed_age = UNKNOWN if header.feed_age_ms is None else age(header.feed_age_ms)
    feed_style = _FEED_STYLES.get(header.feed, "")
    feed: list[Span] = [("feed ", "dim"), (header.feed, feed_style if feed_style == "alarm" else "strong")]
    if header.feed not in ("PAUSED", "ENDED"):
        feed.append((f" {feed_age}", ""))
    if ended:
        feed = [(" ENGINE ENDED ", "alarm")]
    elif silent is not None:
        feed = [(f" ENGINE SILENT {silent} s ", "alarm")]
    flat_by: list[Span] = (
        [] if header.flat_by is None else [("flat by ", "dim"), (clock(header.flat_by, seconds=False), "")]
    )
    hurry = "warn" if header.entries_close_in is not None and header.entries_close_in <= _SOON_SECONDS else ""
    paused = bool(header.paused)
    to_go = "" if header.manual_seconds is None else f"{countdown(header.manual_seconds)} "
    armed: list[Span] = [(f" MANUAL ARMED {to_go}", "armed")] if header.manual_armed else []
    time: list[Span] = [(f"{clock(header.market_time)} IST", "strong")]
    signed = sign_in(view)
    room = width - length(feed) - 3
    beside = [world, armed, time, *(part for rank, part in signed if rank <= 1)]
    left_over = room - sum(length(part) + 3 for part in beside if part) - 2
    reason = _reason(header, min(left_over, max(_SHORTEST_REASON, width // 4)))
    trading: list[Span] = [(f" {reason} " if paused else reason, "alarm" if paused else "strong")]
    left = choose(
        [
            (0, world),
            (5, meaning),
            (1, trading),
            (1, armed),
            (2, time),
            (3, [(header.phase, "")]),
            (4, [("last entry ", "dim"), (countdown(header.entries_close_in), hurry)]),
            (4, [(header.event, "warn")] if header.event else []),
            (6, flat_by),
            *signed,
            (2, play),
        ],
        room,
    )
    return spread(left, [*feed, (" ", "")], width)


def _marks(header: HeaderView) -> list[Span]:
    """Return what the open result is marked at, where that is no price of now, and what the stops would leave."""
    if not header.marks:
        return []
    old = "" if header.marks_age_ms is None else f" {age(header.marks_age_ms)}"
    style = "alarm" if header.marks in ("LOCKED", "ONE-SIDED") else "warn"
    spans: list[Span] = [(f" {header.marks}{old}", style)]
    if header.at_stops is not None and header.marks != "LOCKED":
        spans.append((f" · at stops {signed_rupees(header.at_stops, 0)}", "dim"))
    return spans


def paint_money(view: ScreenView | None, width: int) -> Line:
    """Return the day's money and the risk line."""
    if view is None:
        return compose([], width)
    header, risk = view.header, view.risk
    decimals = 2 if width >= 120 else 0
    used = risk.day_loss_used_pct
    taken, free = gauge(used / 100, 8)
    loss: list[Span] = [
        ("day loss ", "dim"),
        (taken, "down" if used < 75 else "stop"),
        (free, "rule"),
        (f" {used:.0f} %", "warn" if used >= 50 else ""),
        (f" of {rupees(risk.day_loss_limit, 0)}", "dim"),
    ]
    if risk.stopped_for_day:
        loss = [(" STOPPED FOR THE DAY ", "alarm")]
    left = choose(
        [
            (
                0,
                [
                    (" net ", "dim"),
                    (signed_rupees(risk.day_result, decimals), direction(risk.day_result) or "strong"),
                    *_marks(header),
                ],
            ),
            (
                3,
                [
                    ("realised ", "dim"),
                    (signed_rupees(header.realised, decimals), direction(header.realised)),
                ],
            ),
            (4, [("open ", "dim"), (signed_rupees(header.open, decimals), direction(header.open))]),
            (5, [("charges ", "dim"), (rupees(-abs(header.charges), decimals), "")]),
        ],
        width - length(loss) - 4,
        gap=2,
    )
    room = width - sum(len(text) for text, _ in left) - 3
    right = choose(
        [
            (1, _open_risk(risk)),
            (2, [("positions ", "dim"), (f"{risk.positions} of {risk.positions_limit}", "")]),
            (0, loss),
        ],
        room,
    )
    return spread(left, [*right, (" ", "")], width)


def _open_risk(risk: RiskView) -> list[Span]:
    return [
        ("open risk ", "dim"),
        (rupees(risk.open_risk, 0), "warn" if risk.open_risk > risk.open_risk_limit else ""),
        (f" of {rupees(risk.open_risk_limit, 0)}", "dim"),
    ]
