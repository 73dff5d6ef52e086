"""What a screen shows of a running demo, as SVG: ``python -m tests.cockpit.photograph HOME FILE.svg``.

The picture of the README is made so, and drawn by any browser as a PNG 1,440 wide.
"""

import asyncio
import sys
from pathlib import Path

from cockpit.app import CockpitApp
from cockpit.terminal.kill_sending import KillKey
from config import ScreenSettings
from engine.link import connect
from engine.world.directories import World, resolve_home
from tests.cockpit.scripted import ScriptedKillSwitch

SIZE = (160, 45)
SETTLED = 3.0
"""Seconds until everything on the screen has come."""


async def photograph(home: Path) -> str:
    """Return the trade screen of the demo that runs in a home, attached as a further screen."""
    line = await connect(resolve_home(home).world(World.DEMO), "photograph")
    try:
        settings = ScreenSettings()
        app = CockpitApp(
            line,
            KillKey(ScriptedKillSwitch()),
            frames_per_second=settings.frames_per_second,
            theme=settings.theme,
            ascii_signs=settings.ascii,
        )
        async with app.run_test(size=SIZE):
            await asyncio.sleep(SETTLED)
            return app.export_screenshot(title="cockpit")
    finally:
        await line.close()


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(asyncio.run(photograph(Path(sys.argv[1]))), encoding="utf-8")
