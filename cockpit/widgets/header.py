"""The two top lines: where we are (world, mode, phase, time, feed), and what it made (result, charges, risk)."""

from cockpit.formatting import UNKNOWN, age, clock, countdown, rupees, signed_rupees, speed
from cockpit.lines import Line, Span, bar, choose, compose, spread
from engine.views import HeaderView, RiskView, View

_FEED_STYLES = {"LIVE": "good", "STALE": "alarm", "GAP": "warn"}


def direction(amount: int | None) -> str:
    """Return the style of an amount by its sign."""
    if amount is None or amount == 0:
        return ""
    return "up" if amount > 0 else "down"


def trading_word(header: HeaderView) -> str:
    """Return AUTO, ASK or PAUSED alone, without its reason."""
    return header.trading.split(" ", 1)[0].strip(":,·–-") or UNKNOWN


def paint_band(view: View | None, width: int, *, silent: int | None, ended: bool) -> Line:
    """Return the world's band: the world's name, who decides, phase, Indian time, countdowns and the feed."""
    if view is None:
        return compose([(" COCKPIT ", "title"), ("  waiting for the engine's first word", "")], width)
    header = view.header
    replayed = header.world in ("simulated", "replay")
    world: list[Span] = [(f" {header.world.upper()} ", "title")]
    if header.stage and header.stage.lower() != header.world:
        world.append((f" {header.stage}", "dim"))
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
    trading: list[Span] = [(header.trading, "alarm" if trading_word(header) == "PAUSED" else "strong")]
    left = choose(
        [
            (0, world),
            (1, trading),
            (2, [(" MANUAL ARMED ", "armed")] if header.manual_armed else []),
            (1, [(f"{clock(header.market_time)} IST", "strong")]),
            (3, [(header.phase, "")]),
            (4, [("last entry ", "dim"), (countdown(header.entries_close_in), "")]),
            (6, flat_by),
            (5, play),
        ],
        width - sum(len(text) for text, _ in feed) - 3,
    )
    return spread(left, [*feed, (" ", "")], width)


def paint_money(view: View | None, width: int) -> Line:
    """Return the day's money and the risk line."""
    if view is None:
        return compose([], width)
    header, risk = view.header, view.risk
    decimals = 2 if width >= 120 else 0
    used = risk.day_loss_used_pct
    gauge: list[Span] = [
        ("day loss ", "dim"),
        (bar(used / 100, 8), "down" if used < 75 else "stop"),
        (f" {used:.0f} %", "warn" if used >= 50 else ""),
        (f" of {rupees(risk.day_loss_limit, 0)}", "dim"),
    ]
    if risk.stopped_for_day:
        gauge = [(" STOPPED FOR THE DAY ", "alarm")]
    left = choose(
        [
            (
                0,
                [
                    (" net ", "dim"),
                    (signed_rupees(risk.day_result, decimals), direction(risk.day_result) or "strong"),
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
        width,
        gap=2,
    )
    room = width - sum(len(text) for text, _ in left) - 3
    right = choose(
        [
            (1, _open_risk(risk)),
            (2, [("positions ", "dim"), (f"{risk.positions} of {risk.positions_limit}", "")]),
            (0, gauge),
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


def paint_tiny(view: View | None, width: int, height: int, *, ended: bool) -> list[Line]:
    """Return the one line of a window below 80×24, and what to do about it."""
    if view is None:
        return [compose([(" COCKPIT ", "title"), (" waiting for the engine", "")], width)]
    header = view.header
    held = " ".join(f"{row.symbol} {row.quantity:+d}" for row in view.positions) or "flat"
    latch = f" LATCH {view.latch.state} " if view.latch is not None else ""
    parts: list[tuple[int, list[Span]]] = [
        (0, [("ctrl+k KILL ", "kill"), (str(view.kill_scope.positions), "kill")]),
        (1, [(latch, "alarm")] if latch else []),
        (2, [(f" {header.world.upper()} ", "title")]),
        (3, [("ENGINE ENDED", "alarm")] if ended else [(trading_word(header), "strong")]),
        (4, [("net ", "dim"), (signed_rupees(view.risk.day_result, 0), "strong")]),
        (5, [(held, "")]),
        (6, [("make the window larger: 80×24", "dim")]),
    ]
    lines = [compose(choose(parts, width, gap=2), width)]
    if height > 1:
        lines.append(compose([("make the window at least 80×24", "dim")], width))
    return lines
