"""Circuit limits and prices of what nobody subscribed to: read by rounds of quotes, told to core, recorded."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

import config
from engine.core import Core, Ids, Quoted
from engine.feeds.live_tape import LiveTape
from engine.market.circuits import Circuits
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from engine.orders.messages import BrokerPosition
from engine.runtime.live.quote_rounds import QuoteRounds, circuits_of, middle_of
from engine.upstox.rest.outcome import CallFailed, InDoubt
from engine.upstox.rest.quotes import DepthLevel, MarketQuote
from tests.account.live import LIVE
from tests.account.phone import buy_by_phone
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import DAY, EQ_A, EQ_B

STOCK = Instrument(EQ_A, "A", InstrumentClass.STOCK, 5, 1, 100_000, Provenance.MASTER)
INDEX = Instrument("NSE_INDEX|N", "N", InstrumentClass.INDEX, 5, 1, 1, Provenance.MASTER)
ALL = {one.key: one for one in (STOCK, INDEX)}


def quote(
    key: str = EQ_A,
    *,
    lower: int | None = 90_000,
    upper: int | None = 110_000,
    bid: int | None = 99_900,
    ask: int | None = 100_100,
) -> MarketQuote:
    def side(price: int | None) -> tuple[DepthLevel, ...]:
        return () if price is None else (DepthLevel(price, 10, 1),)

    nothing = None
    return MarketQuote(
        instrument=key,
        symbol=key,
        last=100_300,
        previous_close=nothing,
        open=nothing,
        high=nothing,
        low=nothing,
        volume=nothing,
        average=nothing,
        open_interest=nothing,
        lower_circuit=lower,
        upper_circuit=upper,
        bids=side(bid),
        asks=side(ask),
        last_trade_time=nothing,
        auction_eligible=nothing,
        total_buy_quantity=nothing,
        total_sell_quantity=nothing,
    )


@dataclass
class Run:
    """A live run's quotes on a clock of its own."""

    quotes: dict[str, MarketQuote] = field(default_factory=lambda: {EQ_A: quote()})
    now: Instant = field(default_factory=lambda: instant_at(DAY, time(10)))
    asked: list[tuple[str, ...]] = field(default_factory=list)
    told: list[Quoted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        settings = config.Settings()
        day = trading_day(DAY, settings.session)
        self.core = Core(settings, ALL, day, "live", 1_000_000_00, Ids("t"), own_cash=1_000_000_00)
        self.tape = LiveTape("run", DAY, ALL, begins=self.now)
        self.rounds = QuoteRounds(
            self._read,
            self.core,
            self.tape,
            None,
            lambda: self.now,
            lambda: None,
            self.told.append,
            lambda severity, text: self.notes.append(f"{severity}: {text}"),
        )

    def _read(self, names: Sequence[str]) -> Mapping[str, MarketQuote]:
        self.asked.append(tuple(names))
        if self.down:
            raise CallFailed(InDoubt("no answer"))
        return {key: self.quotes[key] for key in names if key in self.quotes}

    def look(self, later: int = 0) -> list[Circuits]:
        """Let time pass, look once, and give core what came on the tape."""
        self.now += later
        asyncio.run(self.rounds.read_what_is_due())
        found = []
        while (item := self.tape.read()) is not None:
            assert isinstance(item, Circuits)
            self.core.handle(item, self.now)
            found.append(item)
        return found


def test_circuits_are_read_at_the_start_and_every_five_minutes_and_told_when_they_moved() -> None:
    run = Run()
    assert [one.limits for one in run.look()] == [{EQ_A: (90_000, 110_000)}]
    assert run.core.market_state.band(EQ_A) is not None
    assert run.asked == [(EQ_A,)], "an index has no circuit"
    assert run.look(4 * MINUTE) == []
    assert len(run.asked) == 1
    run.quotes[EQ_A] = quote(lower=85_000)
    (moved,) = run.look(MINUTE)
    assert moved.limits == {EQ_A: (85_000, 110_000)}
    assert run.look(5 * MINUTE) == []
    assert len(run.asked) == 3


def test_circuits_are_read_again_when_the_feed_is_back() -> None:
    run = Run()
    run.look()
    run.rounds.soon()
    run.look(SECOND)
    assert len(run.asked) == 2


def test_a_price_outside_the_limits_that_were_told_has_them_read_again_at_once() -> None:
    run = Run()
    run.look()
    run.core.handle(
        MarketUpdate(EQ_A, run.now, run.now, 89_000, 1, 10, 100_000, ((88_995, 5),), ((89_005, 5),)), run.now
    )
    run.quotes[EQ_A] = quote(lower=85_000)
    (moved,) = run.look(21 * SECOND)
    assert moved.limits == {EQ_A: (85_000, 110_000)}


def test_a_print_that_is_held_back_beyond_the_limits_has_them_read_again_at_once() -> None:
    run = Run()
    run.look()
    for last in (100_000, 111_000):
        run.core.prints.judge(
            MarketUpdate(EQ_A, run.now, run.now, last, 1, 10, 100_000, ((last - 5, 1),), ((last + 5, 1),))
        )
    assert run.core.prints.beyond == {EQ_A: 111_000}
    run.look(21 * SECOND)
    assert len(run.asked) == 2


def test_a_round_without_an_answer_is_tried_again_and_said_once() -> None:
    run = Run(down=True)
    run.look()
    run.look(5 * SECOND)
    assert len(run.asked) == 1
    run.look(20 * SECOND)
    assert len(run.asked) == 2
    assert len(run.notes) == 1
    run.down = False
    assert len(run.look(20 * SECOND)) == 1


def test_what_others_hold_and_nobody_follows_is_quoted_every_fifteen_seconds() -> None:
    run = Run()
    run.look()
    run.core.account.external.rows((BrokerPosition("BSE_EQ|X", 10, 10, 1_000_000, 0, 0),))
    run.core.account.external.refresh()
    run.quotes["BSE_EQ|X"] = quote("BSE_EQ|X", bid=98_000, ask=98_200)
    run.look(SECOND)
    run.look(SECOND)
    assert run.told == [Quoted({"BSE_EQ|X": 98_100})]
    run.look(15 * SECOND)
    assert len(run.told) == 2


def test_limits_that_cannot_be_and_books_with_one_side_are_read_as_what_they_are() -> None:
    assert circuits_of(quote(lower=None)) is None
    assert circuits_of(quote(lower=0)) is None
    assert circuits_of(quote(lower=110_000, upper=110_000)) is None
    assert middle_of(quote()) == 100_000
    assert middle_of(quote(bid=None)) == 100_100
    assert middle_of(quote(bid=None, ask=None)) == 100_300


def test_a_live_engine_knows_the_brokers_circuits_and_counts_what_a_phone_loses(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    engine = begin(home, broker, *LIVE)
    risk = engine.view().risk
    assert risk.account_limit is not None
    assert risk.account_result is not None
    before = risk.account_result
    buy_by_phone(broker, EQ_B, 50)
    wait_until(lambda: (engine.view().risk.external_result or 0) != 0, "the phone's position to be counted")
    told = home.status(engine.directory.world)["risk"]
    assert told["account_result"] == told["ours"] + told["outside"]
    assert told["account_loss_limit"] == risk.account_limit / 100
    assert engine.view().risk.account_result is not None
    assert (engine.view().risk.outside or 0) <= 0 <= before
