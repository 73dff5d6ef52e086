"""An engine inside the process of its screen: for looking, never for money."""

import contextlib
from typing import TYPE_CHECKING

from engine.operations.market_choice import WorldChoice
from engine.world.directories import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.host.engine_host import Hosted
from engine.operations.desk import Desk


@contextlib.asynccontextmanager
async def embed_engine(desk: Desk, choice: WorldChoice | None, world: World) -> "AsyncIterator[Hosted]":
    """Run the world's engine inside this process for as long as the context lasts; raises what begins none."""
    import asyncio

    from engine.host.engine_host import Host

    directory = desk.home.world(world)
    planned = None if choice is None else desk.planned(choice)
    lock = None
    host = Host(
        desk.home,
        world,
        desk.configuration,
        speed=1 if choice is None else choice.speed,
        held=choice is not None and choice.held,
    )
    try:
        directory.create()
        lock, heartbeat = host.take_world()
        ready: asyncio.Future[Hosted] = asyncio.get_running_loop().create_future()
        serving = asyncio.ensure_future(host.serve(planned, heartbeat, sockets=False, ready=ready))
        await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        hosted = ready.result()
        try:
            yield hosted
        finally:
            hosted.service.stop("the screen was left")
            await serving
    finally:
        if lock is not None:
            lock.release(clean=host.finished or not host.began)
