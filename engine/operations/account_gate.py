"""What the account's engine needs before it may begin, real money before all."""

from engine.host.liveness import ended_uncleanly
from engine.operations.errors import DeskError
from engine.settings.file_permissions import writable_by_others
from engine.settings.loading import FILE_NAME
from engine.settings.sections import AccountGateSections
from engine.system.errors import ErrorKind
from engine.world.directories import Home, World


def check_account(home: Home, settings: AccountGateSections) -> None:
    """Refuse an account's engine that follows nothing, and real money without its gates; raises DeskError."""
    if settings.account.mode == "live":
        _check_live(home, settings)
    if not settings.watchlist.instruments:
        raise DeskError(
            "expected watchlist.instruments to name what to follow, got nothing: write it in "
            f"{home.root / FILE_NAME} (`cockpit instruments TEXT` finds names), or give it here: --set "
            "watchlist.instruments=INFY. Without a broker: cockpit demo, or cockpit replay FILE"
        )


def _check_live(home: Home, settings: AccountGateSections) -> None:
    if not settings.recorder.enabled:
        raise DeskError(
            "expected recorder.enabled for live, got false: without its recording an engine that died could not "
            "bring its trades back",
            ErrorKind.REFUSED,
        )
    strangers = writable_by_others(home.root)
    # What an engine that was cut off holds is guarded first; its pre-flight lets it enter nothing.
    if strangers and not ended_uncleanly(home.world(World.ACCOUNT)):
        raise DeskError(f"account.mode = live is refused: {'; '.join(strangers)}", ErrorKind.REFUSED)
