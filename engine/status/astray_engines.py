"""Engines of a home, or of its account, that are not in their place: their home was removed, renamed or replaced."""

import config
from engine.upstox.rest.token import TokenError, TokenStore, account_of
from engine.world.directories import World, WorldDirectory
from engine.world.engine_register import Living


def engines_astray(directory: WorldDirectory, upstox: config.UpstoxSettings) -> tuple[Living, ...]:
    """Return living engines of a world's home or account that do not hold the lock in its place; none is the rule."""
    account = _account(directory, upstox) if directory.world is World.ACCOUNT else ""
    return Living.astray(directory, account)


def told_astray(directory: WorldDirectory, upstox: config.UpstoxSettings) -> str:
    """Return what a person must know of engines that are not in their place; empty where there is none."""
    return "; ".join(
        f"engine {one.entry.pid}, begun in {one.entry.home}, runs and is not in this place: it is not shown here, "
        "`cockpit flatten` closes what it holds"
        for one in engines_astray(directory, upstox)
    )


def _account(directory: WorldDirectory, upstox: config.UpstoxSettings) -> str:
    try:
        token = TokenStore(directory.path.parent, upstox.access_token)
    except TokenError:
        return ""
    return account_of(upstox.api_url, token())
