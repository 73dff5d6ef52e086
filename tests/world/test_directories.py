"""Where things are kept, and that nobody else can look in."""

import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.world.directories import (
    LONGEST_SOCKET_PATH,
    Home,
    HomeError,
    World,
    WorldDirectory,
    resolve_home,
    write_private,
)

WORDS = st.text("abcdefghij", min_size=1, max_size=60)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def long_home(tmp_path: Path, length: int = 150) -> Home:
    part = tmp_path / "long"
    while len(os.fsencode(part)) < length - 61:
        part /= "x" * 60
    return Home(part / ("y" * (length - len(os.fsencode(part)) - 1)))


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))


def test_the_option_wins_over_the_environment_and_that_over_the_users_directory(tmp_path: Path) -> None:
    environment = {"COCKPIT_HOME": str(tmp_path / "named")}
    assert resolve_home(tmp_path / "option", environment).root == (tmp_path / "option").resolve()
    assert resolve_home(None, environment).root == (tmp_path / "named").resolve()
    assert resolve_home(None, {"COCKPIT_HOME": ""}).root.name == "auction-cockpit"


def test_two_spellings_of_a_place_are_one_home(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert resolve_home(tmp_path / "link") == resolve_home(tmp_path / "real" / ".." / "real")


def test_worlds_share_no_path(tmp_path: Path) -> None:
    paths = [
        path
        for world in Home(tmp_path).worlds
        for path in (world.ledger, world.exchange, world.latch, world.lock, world.socket, world.kill_socket)
    ]
    assert len(set(paths)) == len(paths)
    assert [world.world for world in Home(tmp_path).worlds] == [World.ACCOUNT, World.DEMO, World.REPLAY]


def test_looking_creates_nothing(tmp_path: Path) -> None:
    world = Home(tmp_path / "home").world(World.DEMO)
    assert not world.socket.exists()
    assert list(tmp_path.iterdir()) == []


def test_what_is_made_is_private(tmp_path: Path) -> None:
    world = Home(tmp_path / "home").world(World.DEMO)
    world.create()
    write_private(world.identity, b"x")
    assert (mode_of(tmp_path / "home"), mode_of(world.path), mode_of(world.identity)) == (0o700, 0o700, 0o600)


def test_a_world_that_others_could_enter_is_closed_to_them(tmp_path: Path) -> None:
    world = Home(tmp_path).world(World.DEMO)
    world.path.mkdir(mode=0o755)
    world.create()
    assert mode_of(world.path) == 0o700


def test_a_world_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    world = Home(tmp_path / "home").world(World.DEMO)
    world.path.parent.mkdir()
    world.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HomeError, match="expected a directory of our own, got a link"):
        world.create()


def test_a_file_in_the_homes_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    for home in (Home(tmp_path / "home"), Home(tmp_path / "home" / "below")):
        with pytest.raises(HomeError, match=r"expected a directory.*--home"):
            home.world(World.DEMO).create()


def test_a_home_of_150_characters_gets_sockets_that_bind(tmp_path: Path) -> None:
    home = long_home(tmp_path)
    assert len(str(home.root)) == 150
    world = home.world(World.DEMO)
    made = world.create_sockets()
    bind(world.socket)
    bind(world.kill_socket)
    assert made == world.sockets == Path(world.socket_address.read_text())
    assert mode_of(made) == 0o700
    assert made != home.world(World.REPLAY).create_sockets()


def test_a_screen_with_other_temporary_directories_finds_the_sockets(
    tmp_path: Path, runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = long_home(tmp_path).world(World.DEMO)
    made = world.create_sockets()
    assert made.parent == runtime_directory
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    assert world.sockets == made
    assert world.create_sockets() == made


def test_a_squatted_socket_directory_is_avoided(
    tmp_path: Path, runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No other base is left but this one.
    monkeypatch.setattr("engine.world.directories._short_bases", lambda: iter([runtime_directory]))
    world = long_home(tmp_path).world(World.DEMO)
    squatted = world.sockets
    (tmp_path / "theirs").mkdir()
    squatted.symlink_to(tmp_path / "theirs")
    made = world.create_sockets()
    assert made == world.sockets
    assert not made.is_symlink()
    assert list((tmp_path / "theirs").iterdir()) == []


def test_a_written_address_that_is_not_private_is_not_followed(tmp_path: Path) -> None:
    world = long_home(tmp_path).world(World.DEMO)
    world.create()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    world.socket_address.write_text(str(tmp_path / "open"))
    assert world.sockets != tmp_path / "open"


@given(parts=st.lists(WORDS, min_size=1, max_size=6))
def test_every_socket_path_fits(parts: list[str]) -> None:
    world = WorldDirectory(World.DEMO, Path("/").joinpath(*parts))
    assert len(os.fsencode(world.socket)) <= LONGEST_SOCKET_PATH
    assert len(os.fsencode(world.kill_socket)) <= LONGEST_SOCKET_PATH
