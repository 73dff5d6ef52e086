"""A paper account's screen in a real terminal, against a whole broker on loopback."""

from datetime import time
from pathlib import Path

from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.fake_upstox import running_fake
from tests.operations.account import Sections, of_fake, write_settings
from tests.operations.outside import outside
from tests.operations.terminal import KILL, terminal

ESCAPE = b"\x1b"


def test_paper_starts_with_a_word_shows_its_checks_follows_what_is_searched_and_is_killed(
    tmp_path: Path,
) -> None:
    with running_fake(start=time(10, 30)) as fake, outside(tmp_path / "home") as place:
        sections: Sections = {"session": {"clock": "feed"}, "watchlist": {"instruments": ["INFY"]}}
        write_settings(place.home.root, of_fake(fake, access_token=fake.access_token), sections)
        with terminal(place) as screen:
            screen.wait_text("starting the account engine (paper)")
            screen.wait_text("simulated fills")
            screen.wait_text("signed in until 03:30")
            screen.forget()
            screen.type(b"c")
            screen.wait_text("CONNECTIVITY")
            screen.wait_text("good until")
            # A key behind the escape before it is read would be one key with it.
            screen.forget()
            screen.type(ESCAPE)
            screen.wait_text("WATCHLIST")
            screen.type(b"i")
            screen.wait_text("1 of 50 followed")
            screen.type(b"TCS")
            screen.wait_text("lot 1")
            screen.forget()
            screen.type(b"\r")
            screen.wait_text("is followed")
            screen.type(KILL)
            place.engine(World.ACCOUNT).wait_latch(LatchFileState.FLAT)
            assert fake.access_token not in screen.text
