"""The message with the token that the broker posts after the approval on the phone."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession

from tests.fake_upstox.broker import Broker


def post_token(broker: Broker, message: Mapping[str, Any]) -> None:
    """Post a token message to the registered address, if there is one; unsigned, as the broker does."""
    address = broker.account.notifier_url
    if address is None:
        return
    task = asyncio.get_running_loop().create_task(_post(address, message))
    broker.tasks.add(task)
    task.add_done_callback(broker.tasks.discard)


async def _post(address: str, message: Mapping[str, Any]) -> None:
    try:
        async with ClientSession() as session, session.post(address, json=dict(message)):
            return
    except ClientError:
        # Nobody listens there: the broker does not care either.
        return
