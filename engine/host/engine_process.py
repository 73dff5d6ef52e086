"""An engine's process from its first line to its last: one world taken, one run hosted, a log of its own."""

import asyncio
import gc
import logging
import logging.handlers
import os
from typing import Final

from engine.brokers.cursor_file import ExchangeError
from engine.host.engine_host import Host
from engine.host.launch import ignore_hangup
from engine.host.log_tail import PlainFormatter
from engine.ledger.records import LedgerError
from engine.runtime.plan import MarketChoice
from engine.runtime.run import (
    RunError,
)
from engine.runtime.run_to_resume import HostError
from engine.settings.loading import Configuration
from engine.system.errors import CockpitError
from engine.system.plain_file import plain_descriptor
from engine.world.directories import Home, World, WorldDirectory

_logger: Final = logging.getLogger(__name__)


_LOG_BYTES: Final = 2_000_000


def host_engine(
    home: Home,
    world: World,
    configuration: Configuration,
    choice: MarketChoice | None,
    *,
    speed: int,
    held: bool = False,
) -> None:
    """Run a world's engine in this process until it ends; raises HostError, or what else of ours begins none."""
    ignore_hangup()
    directory = home.world(world)
    directory.create()
    _log_to(directory)
    host = Host(home, world, configuration, speed=speed, held=held)
    lock, heartbeat = host.take_world()
    clean = False
    # What was loaded lives as long as the engine: no pass of the collector looks at it again.
    gc.freeze()
    gc.enable()
    try:
        reason = asyncio.run(host.serve(choice, heartbeat, sockets=True))
        _logger.info("ended: %s", reason)
        clean = host.finished
    except HostError:
        raise
    except (RunError, LedgerError, ExchangeError):
        clean = not host.began
        raise
    except CockpitError:
        _logger.exception("ended by what nothing in the engine took")
        raise
    finally:
        lock.release(clean=clean)


def _log_to(directory: WorldDirectory) -> None:
    # Opened by name as it is, a pipe would be waited for.
    os.close(plain_descriptor(directory.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    handler = logging.handlers.RotatingFileHandler(directory.log, maxBytes=_LOG_BYTES, backupCount=1)
    handler.setFormatter(PlainFormatter())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.INFO)
    logging.raiseExceptions = False  # A full disk is told of once, by who ends of it.
    _logger.info("engine %d begins in %s (%s)", os.getpid(), directory.path, World(directory.world).value)
