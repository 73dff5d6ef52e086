"""One command to a running engine over its line, and its answer."""

import asyncio
from typing import Final

from engine.contract.commands import Command, CommandResult, Outcome
from engine.link import Ended, LinkError, connect
from engine.world.directories import WorldDirectory

_ANSWER_SECONDS: Final = 10.0


def ask_engine(directory: WorldDirectory, name: str, command: Command) -> tuple[bool, str]:
    """Send a command as ``name`` and return (whether the engine accepted it, its words or why there are none)."""
    return asyncio.run(_ask(directory, name, command))


async def _ask(directory: WorldDirectory, name: str, command: Command) -> tuple[bool, str]:
    try:
        line = await connect(directory, name)
    except LinkError as error:
        return False, str(error)
    try:
        await line.send(command)
        async with asyncio.timeout(_ANSWER_SECONDS):
            async for news in line:
                if isinstance(news, CommandResult) and news.id == command.id:
                    return news.outcome is Outcome.ACCEPTED, news.text
                if isinstance(news, Ended):
                    return False, f"the engine ended ({news.reason}); try again"
    except TimeoutError:
        return False, f"the engine gave no answer in {_ANSWER_SECONDS:g} s"
    except LinkError as error:
        return False, str(error)
    finally:
        await line.close()
    return False, "the engine gave no answer"
