import asyncio
import logging
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha1
from itertools import pairwise
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

import config
from engine.upstox.rest.outcome import CallFailed, SignInAgain, TryLater
from engine.upstox.stream import STEADY_AFTER, LineState, Stream
from tests.upstox.certificate import own_certificate
from tests.upstox.sockets import QUICK, JumpingLoop, Line, running, scripted, stay, until

NOTHING_LEFT = CallFailed(TryLater("UDAPI10005", "Too Many Requests"))
DEAD_TOKEN = CallFailed(SignInAgain("UDAPI100050", "Invalid token"))


class Owner:
    """Keeps what a stream tells."""

    def __init__(self) -> None:
        self.states: list[LineState] = []
        self.messages: list[str | bytes] = []

    async def take(self, message: str | bytes) -> None:
        self.messages.append(message)

    @property
    def problems(self) -> list[str]:
        return [state.problem for state in self.states if not state.up]

    def stream(
        self,
        authorize: Callable[[], object],
        settings: config.FeedSettings = QUICK,
        *,
        greeting: Callable[[], Iterable[bytes]] = tuple,
        token: Callable[[], object] | None = None,
        chance: Callable[[], float] = lambda: 1.0,
        monotonic: Callable[[], float] | None = None,
    ) -> Stream:
        clock = monotonic or asyncio.get_running_loop().time
        return Stream(
            authorize,  # type: ignore[arg-type]
            settings,
            largest=1 << 20,
            on_message=self.take,
            on_state=self.states.append,
            greeting=greeting,
            token=token,
            chance=chance,
            monotonic=clock,
        )


@pytest.mark.parametrize(("chance", "share"), [(1.0, 1.0), (0.0, 0.5)])
def test_it_is_tried_for_ever_with_waits_that_double_to_the_longest_and_are_spread(
    chance: float, share: float
) -> None:
    tried: list[float] = []
    owner = Owner()

    async def authorize() -> str:
        tried.append(asyncio.get_running_loop().time())
        raise NOTHING_LEFT

    async def day() -> None:
        stream = owner.stream(authorize, config.FeedSettings(), chance=lambda: chance)
        async with running(stream.run, stream.close):
            await asyncio.sleep(6 * 3_600)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(day())
    waits = [later - earlier for earlier, later in pairwise(tried)]
    expected = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert waits[:9] == pytest.approx([share * wait for wait in expected], abs=0.01)
    assert len(tried) > 700
    assert owner.problems == [
        "no address from the broker: Too Many Requests (UDAPI10005); try again later",
        "closed",
    ]


def test_a_dead_token_is_told_and_a_new_one_is_taken_up_at_once() -> None:
    owner, tokens = Owner(), ["dead"]
    tried: list[tuple[str, float]] = []

    async def authorize() -> str:
        tried.append((tokens[0], asyncio.get_running_loop().time()))
        raise DEAD_TOKEN

    async def day() -> float:
        stream = owner.stream(authorize, config.FeedSettings(), token=lambda: tokens[0])
        async with running(stream.run, stream.close):
            await asyncio.sleep(3_600)
            before = len(tried)
            tokens[0], changed = "new", asyncio.get_running_loop().time()
            await asyncio.sleep(1)
            assert len(tried) > before
        return changed

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        changed = runner.run(day())
    dead = [moment for token, moment in tried if token == "dead"]
    assert len(dead) < 150, "a dead token is not asked with in a storm"
    new = [moment for token, moment in tried if token == "new"]
    assert new[0] - changed < 0.5
    assert (
        owner.problems[0]
        == "no address from the broker: Invalid token (UDAPI100050); sign in again with cockpit login"
    )


def test_no_token_at_all_is_followed_by_the_first_one() -> None:
    owner, tokens = Owner(), [""]
    tried: list[str] = []

    async def authorize() -> str:
        tried.append(tokens[0])
        raise DEAD_TOKEN

    async def day() -> None:
        stream = owner.stream(authorize, config.FeedSettings(), token=lambda: tokens[0] or None)
        async with running(stream.run, stream.close):
            await asyncio.sleep(600)
            tokens[0] = "first"
            await asyncio.sleep(0.5)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(day())
    assert "first" in tried


async def test_every_connection_has_an_address_of_its_own_and_the_greeting_first() -> None:
    async def hang_up_twice(line: Line) -> None:
        await until(lambda: line.heard)
        await (line.socket.close() if len(server.lines) < 3 else stay(line))

    owner = Owner()
    async with scripted(hang_up_twice) as server:
        stream = owner.stream(server.authorize, greeting=lambda: [b'{"n": 1}', b'{"n": 2}'])
        async with running(stream.run, stream.close):
            await until(lambda: len(server.lines) == 3 and len(server.lines[2].heard) == 2)
            stream.send(b'{"n": 3}')
            await until(lambda: len(server.lines[2].heard) == 3)
    assert server.authorized == 3 == stream.connections
    assert [one["n"] for one in server.lines[2].heard] == [1, 2, 3]
    assert not any(line.text for line in server.lines)
    assert [state.up for state in owner.states] == [True, False, True, False, True, False]
    assert owner.problems[0].startswith("the connection ended: ")


async def test_the_waits_are_small_again_after_a_connection_that_lived() -> None:
    passed, waits = [0.0], []
    loop = asyncio.get_running_loop()
    refuse = [False]

    async def authorize() -> str:
        if refuse[0]:
            raise NOTHING_LEFT
        return await server.authorize()

    async def live(line: Line) -> None:
        await until(lambda: line.heard)
        passed[0] += steady[0]
        await line.socket.close()

    def chance() -> float:
        waits.append(stream._wait)
        refuse[0] = len(waits) < 3
        return 1.0

    steady = [STEADY_AFTER + 1]
    owner = Owner()
    async with scripted(live) as server:
        stream = owner.stream(
            authorize,
            greeting=lambda: [b"{}"],
            chance=chance,
            monotonic=lambda: loop.time() + passed[0],
        )
        async with running(stream.run, stream.close):
            await until(lambda: len(waits) >= 4)
            steady[0] = 0.0
            await until(lambda: len(waits) >= 8)
    assert waits[:4] == [0.01, 0.02, 0.04, 0.01]
    assert waits[-1] == 0.05, "a connection that breaks at once is no reason to hurry"


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Agree to a websocket by hand, for servers that then break its rules."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = next(
        row.split(": ")[1] for row in head.split("\r\n") if row.lower().startswith("sec-websocket-key")
    )
    proof = b64encode(sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    answer = f"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"
    writer.write(answer.encode())


IMPATIENT = QUICK.model_copy(update={"ping_seconds": 0.05, "pong_seconds": 0.1})
"""Pings answered by nobody end a connection after 0.15 s."""


async def test_an_unanswered_ping_ends_a_connection_that_looks_open() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        await reader.read(-1)
        writer.close()

    owner = Owner()
    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        async def authorize() -> str:
            return f"ws://127.0.0.1:{port}/x?code=s3cr3t"

        stream = owner.stream(authorize, IMPATIENT)
        async with running(stream.run, stream.close):
            await until(lambda: stream.connections >= 2, "a second connection")
    assert owner.problems[0] == "expected an answer to a ping, or data, within 0.1 s, got none"


async def test_data_that_flows_is_life_though_the_answer_to_a_ping_is_stuck_behind_it() -> None:
    sent: list[float] = []

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() < began + 0.6:
            writer.write(b"\x82\x01x")
            await writer.drain()
            sent.append(loop.time() - began)
            await asyncio.sleep(0.01)
        await reader.read(-1)
        writer.close()

    owner = Owner()
    async with await asyncio.start_server(busy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        async def authorize() -> str:
            return f"ws://127.0.0.1:{port}/x"

        stream = owner.stream(authorize, IMPATIENT.model_copy(update={"pong_seconds": 0.3}))
        async with running(stream.run, stream.close):
            await until(lambda: owner.problems)
            assert stream.connections == 1
            assert len(owner.messages) == len(sent)
    assert sent[-1] > 0.55
    assert owner.problems[0].startswith("expected an answer to a ping, or data, within 0.3 s")


async def test_answered_pings_keep_a_silent_connection_for_as_long_as_it_is_wanted() -> None:
    owner = Owner()
    async with scripted(stay) as server:
        stream = owner.stream(server.authorize, IMPATIENT)
        async with running(stream.run, stream.close):
            await asyncio.sleep(0.6)
            assert stream.state.up
    assert server.authorized == 1


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def elsewhere(_: Line) -> None:
        asked.append("elsewhere")

    async def send_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.append("here")
        location = f"ws://127.0.0.1:{other.port}/feeds?code=s3cr3t"
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    owner = Owner()
    async with scripted(elsewhere) as other, await asyncio.start_server(send_on, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        async def authorize() -> str:
            return f"ws://127.0.0.1:{port}/x?code=s3cr3t"

        stream = owner.stream(authorize)
        async with running(stream.run, stream.close):
            await until(lambda: len(asked) >= 2)
    assert set(asked) == {"here"}
    assert owner.problems[0] == "expected the stream to open, got a refusal (HTTP 302)"


@pytest.mark.parametrize(
    "address",
    [
        "ws://127.0.0.1:1/feeds?code=s3cr3t",
        "nonsense s3cr3t",
        "http://127.0.0.1:1/s3cr3t",
        "ws://[::1/s3cr3t",
    ],
)
async def test_an_address_that_cannot_be_opened_is_survived_and_shown_nowhere(
    address: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    tried = []

    async def authorize() -> str:
        tried.append(address)
        return address

    owner = Owner()
    with caplog.at_level(logging.DEBUG):
        stream = owner.stream(authorize)
        async with running(stream.run, stream.close):
            await until(lambda: len(tried) >= 3)
    said = " ".join((*owner.problems, caplog.text, *capfd.readouterr()))
    assert "expected" in said
    assert "s3cr3t" not in said


async def test_a_whole_conversation_leaves_no_address_in_any_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def greet_and_leave(line: Line) -> None:
        await line.socket.send(b"x")
        await line.socket.close(1011, "out of order")

    owner = Owner()
    with caplog.at_level(logging.DEBUG, "websockets.client"), caplog.at_level(logging.DEBUG, "asyncio"):
        async with scripted(greet_and_leave) as server:
            stream = owner.stream(server.authorize)
            async with running(stream.run, stream.close):
                await until(lambda: stream.connections >= 3)
    mine = " ".join(record.getMessage() for record in caplog.records if "server" not in record.name)
    assert "s3cr3t" not in " ".join((*owner.problems, mine, *capfd.readouterr()))
    assert "out of order" in owner.problems[0]


async def test_a_refused_handshake_and_one_that_never_answers_are_told_apart() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async def never(_: ServerConnection) -> None:
        raise AssertionError

    owner = Owner()
    settings = QUICK.model_copy(update={"open_seconds": 0.1})
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with serve(
            never, "127.0.0.1", 0, process_request=lambda line, _: line.respond(403, "full")
        ) as full:
            addresses = [
                f"ws://127.0.0.1:{port}/",
                f"ws://127.0.0.1:{next(iter(full.sockets)).getsockname()[1]}/",
            ]

            async def authorize() -> str:
                return addresses[len(owner.problems) % 2]

            stream = owner.stream(authorize, settings)
            async with running(stream.run, stream.close):
                await until(lambda: len(owner.problems) >= 2)
    assert owner.problems[:2] == [
        "expected a handshake within 0.1 s, got none",
        "expected the stream to open, got a refusal (HTTP 403)",
    ]


async def test_a_certificate_nobody_vouches_for_is_refused_before_the_code_is_told(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    heard: list[str] = []

    async def listen(line: ServerConnection) -> None:
        heard.append(line.request.path if line.request else "")
        await line.wait_closed()

    owner = Owner()
    async with serve(listen, "127.0.0.1", 0, ssl=server_side) as server:
        port = next(iter(server.sockets)).getsockname()[1]

        async def authorize() -> str:
            return f"wss://127.0.0.1:{port}/feeds?code=s3cr3t"

        stream = owner.stream(authorize)
        async with running(stream.run, stream.close):
            await until(lambda: owner.problems)
            assert not heard
            stream._tls = ssl.create_default_context(cafile=str(certificate))
            await until(lambda: heard)
    assert "certificate" in owner.problems[0].lower()
    assert "s3cr3t" not in owner.problems[0]


async def test_a_message_beyond_the_largest_ends_the_connection_and_not_the_stream() -> None:
    async def shout(line: Line) -> None:
        await line.socket.send(bytes((1 << 20) + 1) if len(server.lines) == 1 else b"ok")
        await stay(line)

    owner = Owner()
    async with scripted(shout) as server:
        stream = owner.stream(server.authorize)
        async with running(stream.run, stream.close):
            await until(lambda: owner.messages)
    assert owner.messages == [b"ok"]
    assert "1009" in owner.problems[0]


async def test_it_closes_at_once_wherever_it_stands() -> None:
    never = asyncio.Event()

    async def hang() -> str:
        await never.wait()
        return ""

    async def refuse() -> str:
        raise NOTHING_LEFT

    loop = asyncio.get_running_loop()
    slow = config.FeedSettings(first_wait_seconds=10)
    async with scripted(stay) as server:
        for authorize in (hang, refuse, server.authorize):
            owner = Owner()
            stream = owner.stream(authorize, slow)
            task = asyncio.ensure_future(stream.run())
            await asyncio.sleep(0.05)
            began = loop.time()
            stream.close()
            await stream.finished()
            await task
            assert loop.time() - began < 1.0
            assert owner.problems[-1:] in (["closed"], [])
            assert stream.state == LineState(up=False, problem="closed")
    unused = Owner().stream(refuse)
    unused.close()
    await unused.finished()


async def test_a_fault_of_its_owner_is_not_taken_for_trouble_with_the_network() -> None:
    async def say(line: Line) -> None:
        await line.socket.send(b"x")
        await stay(line)

    class Faulty(Owner):
        async def take(self, message: str | bytes) -> None:
            raise OSError(f"no room for {len(message)}")

    owner = Faulty()
    async with scripted(say) as server:
        stream = owner.stream(server.authorize)
        with pytest.raises(OSError, match="no room"):
            await asyncio.wait_for(stream.run(), 5)
    assert stream.state == LineState(up=False, problem="it broke: no room for 1")
