"""How long a shell with a dead engine takes: thirteen positions behind their stops, a broker that answers in 0.1 s."""

from pathlib import Path

from engine.world.directories import World
from tests.brokers.upstox.live_stand import begin_anew, fake_broker
from tests.fake_upstox import RunningFake
from tests.fake_upstox.broker import Broker
from tests.operations import live_account as live
from tests.operations.outside import Outside

COUNT = 13
MOST_SECONDS = 5.0


def stocks(broker: Broker) -> dict[str, float]:
    """Return names that trade, with their last prices in rupees, whose band leaves room for a stop."""
    quotes = {key: broker.market.quote(key) for key in broker.listings if key.startswith("NSE_EQ")}
    return {key: quote.last / 100 for key, quote in quotes.items() if quote.lower < quote.last * 0.95}


def hold_behind_stops(fake: RunningFake) -> list[str]:
    """Buy, and leave a run's stop under each; return what is held so, thirteen names."""
    held: list[str] = []
    for number, (key, last) in enumerate(fake.ask(stocks).items()):
        stop = round(last * 0.97)
        terms = {"order_type": "SL", "price": stop, "trigger_price": stop, "tag": f"L-{number:06d}-S"}
        live.order(fake, instrument_token=key)
        live.order(fake, "SELL", instrument_token=key, **terms)
        rests = any(row["status"] == "trigger pending" for row in of(fake, key))
        if rests and live.held(fake, key) == 10:
            held.append(key)
        elif live.held(fake, key):
            live.order(fake, "SELL", instrument_token=key)
        if len(held) == COUNT:
            break
    return held


def of(fake: RunningFake, key: str) -> list[dict[str, object]]:
    return [row for row in fake.control("GET", "orders") if row["instrument_token"] == key]


def test_thirteen_positions_are_verified_flat_in_time_with_one_write_each(tmp_path: Path) -> None:
    with fake_broker(instruments=40, capital=100_000_000.0) as fake:
        live.sign_in(tmp_path, fake.ask(begin_anew))
        here = Outside(tmp_path)
        account = here.home.world(World.ACCOUNT)
        account.create()
        live.live_run(account, live.settings_for(fake))
        keys = hold_behind_stops(fake)
        assert len(keys) == COUNT
        fake.plant("delay", call="all", delay=0.1, times=0)
        names = ("api_url", "order_url", "assets_url")
        words = [word for name in names for word in ("--set", f"upstox.{name}={fake.api_url}")]
        done = here.run("flatten", "--for", "20", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not any(live.held(fake, key) for key in keys)
        calls = fake.calls()
        writes = [call["call"] for call in calls if call["write"]]
        assert writes.count("modify") == COUNT
        assert "place" not in writes
        assert calls[-1]["at"] - calls[0]["at"] < MOST_SECONDS
