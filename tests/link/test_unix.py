"""The Unix socket itself: who may come in, what noise does, and what a screen costs that does not read."""

import asyncio
import os
import socket
import struct
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.contract.commands import CommandResult, Kill, PauseEntries
from engine.contract.views import ScreenView
from engine.link import VERSION, LinkError, LinkServer, MemoryLink, NoEngineError, connect, look
from engine.link.protocol import (
    PROTOCOL,
    Answer,
    Ask,
    Goodbye,
    Hello,
    Show,
    Welcome,
    decode_news,
    decode_reply,
    encode,
    is_view,
    read_frame,
)
from engine.world.directories import World, WorldDirectory
from tests.link.samples import ChangingEngine, Engine, make_view, read_until, until


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def server(directory: WorldDirectory, engine: Engine) -> AsyncIterator[LinkServer]:
    server = LinkServer(engine, world=World.DEMO, frames_per_second=100)
    await server.serve(directory)
    yield server
    await server.close()


async def open_raw(directory: WorldDirectory) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(os.fspath(directory.socket))


async def greet(directory: WorldDirectory) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await open_raw(directory)
    writer.write(encode(Hello(PROTOCOL, VERSION, "raw")))
    assert isinstance(decode_reply(await read_frame(reader, 10_000)), Welcome)
    return reader, writer


async def test_a_look_gets_the_picture_and_is_nobody_who_watches(
    directory: WorldDirectory, engine: Engine, server: LinkServer
) -> None:
    engine.view = make_view(7, lines=3_000)
    assert await look(directory, "a shell") == engine.view
    assert (engine.screens, server.screens) == ([], 0)
    engine.view = None
    with pytest.raises(LinkError, match="expected a picture"):
        await look(directory, "a shell", patience=0.2)


def test_the_programs_version_is_the_distributions() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION


def test_views_are_told_from_answers_without_decoding() -> None:
    view = make_view(1)
    shown = encode(Show(view))[4:]
    answer = encode(Answer(CommandResult("a", "accepted", "")))[4:]  # type: ignore[arg-type]
    assert is_view(shown)
    assert not is_view(answer)
    assert decode_news(shown) == view


@pytest.mark.usefixtures("server")
def test_the_socket_is_for_us_alone(directory: WorldDirectory) -> None:
    assert directory.socket.stat().st_mode & 0o777 == 0o600
    assert directory.socket.parent.stat().st_mode & 0o777 == 0o700


async def test_another_user_is_turned_away_without_a_word(directory: WorldDirectory, engine: Engine) -> None:
    server = LinkServer(engine, world=World.DEMO, credential=lambda _: os.getuid() + 1)
    await server.serve(directory)
    reader, writer = await open_raw(directory)
    assert await reader.read() == b""
    assert (server.screens, server.refused, engine.screens) == (0, 1, [])
    writer.close()
    await server.close()


@pytest.mark.parametrize(
    "noise",
    [
        struct.pack(">I", 4) + b"\xff\xff\xff\xff",
        struct.pack(">I", 2**31),
        b"GET / HTTP/1.1\r\n\r\n",
        encode(Ask(PauseEntries("a", paused=True))),
    ],
)
async def test_a_greeting_that_is_none_is_answered_with_goodbye(
    directory: WorldDirectory, server: LinkServer, engine: Engine, noise: bytes
) -> None:
    reader, writer = await open_raw(directory)
    writer.write(noise)
    goodbye = decode_reply(await read_frame(reader, 10_000))
    assert isinstance(goodbye, Goodbye)
    assert goodbye.reason == "the greeting could not be read"
    assert await reader.read() == b""
    assert (server.refused, engine.commands) == (1, [])
    writer.close()


async def test_a_greeting_of_a_later_version_with_more_in_it_is_understood_and_refused(
    directory: WorldDirectory, server: LinkServer
) -> None:
    import msgspec

    reader, writer = await open_raw(directory)
    later = {"type": "hello", "protocol": 7, "version": "3.0", "screen": "tty", "colours": 256}
    body = msgspec.msgpack.encode(later)
    writer.write(struct.pack(">I", len(body)) + body)
    goodbye = decode_reply(await read_frame(reader, 10_000))
    assert isinstance(goodbye, Goodbye)
    assert goodbye.got == "protocol 7, version 3.0"
    assert server.refused == 1
    writer.close()


@pytest.mark.parametrize("noise", [struct.pack(">I", 3) + b"\x93\x01\x02", struct.pack(">I", 2**30)])
async def test_noise_from_a_screen_ends_that_screen_only(
    directory: WorldDirectory, server: LinkServer, engine: Engine, noise: bytes
) -> None:
    good = await connect(directory, "good")
    reader, writer = await greet(directory)
    writer.write(noise)
    while is_view(body := await read_frame(reader, 10_000_000)):
        pass
    news = decode_news(body)
    assert isinstance(news, Goodbye)
    assert news.reason == "a request could not be read"
    await until(lambda: server.screens == 1)
    await good.send(PauseEntries("a", paused=True))
    await read_until(good, CommandResult)
    assert len(engine.commands) == 1
    await good.close()
    writer.close()


async def test_a_screen_killed_in_mid_frame_is_forgotten(
    directory: WorldDirectory, server: LinkServer, engine: Engine
) -> None:
    _, writer = await greet(directory)
    writer.write(encode(PauseEntries("a", paused=True))[:7])
    await writer.drain()
    writer.transport.abort()
    await until(lambda: server.screens == 0)
    assert engine.screens == [("attached", "raw", 1), ("detached", "raw", 0)]


async def test_a_stalled_screen_costs_no_views_and_no_memory(directory: WorldDirectory) -> None:
    engine = ChangingEngine()
    server = LinkServer(engine, world=World.DEMO, frames_per_second=1_000)
    await server.serve(directory)
    with socket.socket(socket.AF_UNIX) as stalled:
        stalled.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(stalled, os.fspath(directory.socket))
        await loop.sock_sendall(stalled, encode(Hello(PROTOCOL, VERSION, "stalled")))
        await until(lambda: engine.views_made > 2)
        made = -1
        # The socket's buffer is full when a good many rounds go by without a picture for this screen.
        while made != engine.views_made:
            made = engine.views_made
            for _ in range(20):
                server.hurry()
                await asyncio.sleep(1 / 50)
        assert made * len(encode(Show(make_view(1, lines=400)))) < 1_000_000
        assert server.screens == 1
        # It still commands: a kill over the line passes a screen that cannot read its answer.
        await loop.sock_sendall(stalled, encode(Ask(Kill("kill", "stalled"))))
        await until(lambda: [command.id for command in engine.commands] == ["kill"])
    await until(lambda: server.screens == 0)
    await server.close()


async def test_a_flood_of_commands_from_a_screen_that_reads_nothing_is_bounded(
    directory: WorldDirectory, server: LinkServer, engine: Engine
) -> None:
    _, writer = await greet(directory)
    for number in range(5_000):
        writer.write(encode(Ask(PauseEntries(str(number), paused=True))))
        await writer.drain()
    link = await connect(directory, "second")
    await link.send(PauseEntries("second", paused=True))
    await until(lambda: any(command.id == "second" for command in engine.commands))
    assert server.screens == 2
    writer.transport.abort()
    await link.close()


async def test_a_screen_that_was_blocked_skips_to_the_newest_picture(directory: WorldDirectory) -> None:
    engine = ChangingEngine()
    server = LinkServer(engine, world=World.DEMO, frames_per_second=200)
    await server.serve(directory)
    link = await connect(directory, "slow")
    await read_until(link, ScreenView)
    await until(lambda: engine.views_made > 30)
    first = await read_until(link, ScreenView)
    assert first.number > 20
    await link.close()
    await server.close()


async def test_nobody_listening_is_told_from_somebody_silent(directory: WorldDirectory) -> None:
    with pytest.raises(NoEngineError, match="got nobody"):
        await connect(directory, "tty1")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(directory.socket))
        with pytest.raises(NoEngineError, match="got nobody"):
            await connect(directory, "tty1")
        dead.listen()
        with pytest.raises(LinkError, match=r"got silence"):
            await connect(directory, "tty1", patience=0.05)


async def test_the_next_engine_takes_the_address_of_a_dead_one(
    directory: WorldDirectory, engine: Engine
) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(directory.socket))
    server = LinkServer(engine, world=World.DEMO)
    await server.serve(directory)
    link = await connect(directory, "tty1")
    assert link.welcome.world == "demo"
    await link.close()
    await server.close()
    assert not directory.socket.exists()


async def test_an_unchanged_picture_is_sent_again_as_a_sign_of_life() -> None:
    engine = Engine()
    server = LinkServer(engine, world=World.DEMO, frames_per_second=200, sign_of_life=0.02)
    link = MemoryLink(server, "watching")
    first = await read_until(link, ScreenView)
    again = await read_until(link, ScreenView)
    assert again == first
    await link.close()
    await server.close()


async def test_a_process_of_another_user_is_told_nothing_and_believed_nothing(
    directory: WorldDirectory, server: LinkServer
) -> None:
    stranger = os.getuid() + 1
    with pytest.raises(LinkError, match=f"expected an engine of user {os.getuid()} .* user {stranger}"):
        await connect(directory, "screen", credential=lambda _: stranger)
    assert (server.screens, server.refused) == (0, 0)
    link = await connect(directory, "screen")
    await link.close()
