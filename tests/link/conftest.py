"""One server, two ways to it."""

from collections.abc import AsyncIterator

import pytest

from engine.link import Link, LinkServer, MemoryLink, connect
from engine.link.hub import Handler
from engine.world.directories import World, WorldDirectory
from tests.link.samples import Opener
from tests.places import directory, runtime_directory, start_child

__all__ = ["directory", "runtime_directory", "start_child"]


@pytest.fixture(params=["unix", "memory"])
def transport(request: pytest.FixtureRequest) -> str:
    """Both transports, for the contract they share."""
    return str(request.param)


@pytest.fixture
async def attach(transport: str, directory: WorldDirectory) -> AsyncIterator[Opener]:
    """Attach a screen to a handler: ``await attach(handler, "name", version=...)``; one server a handler."""
    servers: dict[int, LinkServer] = {}
    links: list[Link] = []

    async def open_link(handler: Handler, screen: str = "screen", version: str = "0.1.0") -> Link:
        server = servers.get(id(handler))
        if server is None:
            server = servers[id(handler)] = LinkServer(
                handler, world=World.DEMO, frames_per_second=100, sign_of_life=3_600
            )
            if transport == "unix":
                await server.serve(directory)
        link: Link
        if transport == "unix":
            link = await connect(directory, screen, version=version)
        else:
            link = MemoryLink(server, screen, version=version)
        links.append(link)
        return link

    open_link.servers = servers  # type: ignore[attr-defined]
    yield open_link
    for link in links:
        await link.close()
    for server in servers.values():
        await server.close()
