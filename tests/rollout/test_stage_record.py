"""No edit, copy or clock raises a stage: the chain in the ledger is believed only where both of its heads agree."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest

from engine.ledger import stage_heads
from engine.ledger.reader import LedgerReader
from engine.ledger.stage_heads import HeadFiles
from engine.ledger.stage_record import StageRecord, StageRefusedError
from engine.ledger.stage_table import stage_row
from engine.ledger.store import Ledger
from engine.performance.evidence import LOOPBACK
from engine.rollout.stage_chain import ChainHead, RolloutTrack, StageChange, StageEvent, TrackStage
from engine.rollout.stages import BrokerPlace, RolloutRecord, Stage
from engine.world.directories import World, WorldDirectory

HOSTS = "api-hft.upstox.com api.upstox.com assets.upstox.com"
REAL = BrokerPlace.REAL
NOW = 1_780_000_000_000_000


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def directory(tmp_path: Path) -> WorldDirectory:
    found = WorldDirectory(World.ACCOUNT, tmp_path / "home" / "account")
    found.create()
    return found


def written(directory: WorldDirectory, *acts: Callable[[StageRecord], object], hosts: str = HOSTS) -> None:
    with Ledger.open(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, hosts)
        for act in acts:
            act(record)


def small(record: StageRecord) -> None:
    record.promote(RolloutTrack.SETUPS, Stage.SMALL, "a digest", "a person", "every line is met", NOW)


def full(record: StageRecord) -> None:
    record.promote(RolloutTrack.SETUPS, Stage.FULL, "a digest", "a person", "every line is met", NOW + 1)


def demoted(record: StageRecord) -> None:
    record.demote(REAL, Stage.PAPER, "asked", "a person", NOW + 2, anew=False)


def standing(directory: WorldDirectory, hosts: str = HOSTS) -> tuple[Stage, str]:
    place = BrokerPlace.LOOPBACK if hosts == LOOPBACK else REAL
    if not directory.ledger.exists():
        found = StageRecord(None, directory, hosts).standing(place)
    else:
        with LedgerReader(directory.ledger) as ledger:
            found = StageRecord(ledger, directory, hosts).standing(place)
    return found.stage, found.doubt


def edit(directory: WorldDirectory, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(directory.ledger)) as connection, connection:
        connection.execute(statement, values)


def chain_of(directory: WorldDirectory) -> list[StageEvent]:
    with LedgerReader(directory.ledger) as ledger:
        return list(StageRecord(ledger, directory, HOSTS).links())


@pytest.fixture
def copies(tmp_path: Path) -> Callable[[Path, str], Path]:
    def copy(source: Path, name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(source, target)
        return target

    return copy


def test_the_record_is_what_a_running_engine_asks_for(directory: WorldDirectory) -> None:
    asked: RolloutRecord = StageRecord(None, directory, HOSTS)
    assert asked.standing(REAL).stage is Stage.PAPER


def test_an_account_that_was_never_raised_stands_at_paper_without_a_doubt(directory: WorldDirectory) -> None:
    assert standing(directory) == (Stage.PAPER, "")
    Ledger.open(directory.ledger).close()
    assert standing(directory) == (Stage.PAPER, "")


def test_a_promoted_stage_is_read_again_by_anybody(directory: WorldDirectory) -> None:
    written(directory, small)
    assert standing(directory) == (Stage.SMALL, "")
    written(directory, full)
    assert standing(directory) == (Stage.FULL, "")
    written(directory, demoted)
    assert standing(directory) == (Stage.PAPER, "")


def test_no_stage_is_skipped_and_none_is_given_without_evidence(directory: WorldDirectory) -> None:
    with pytest.raises(StageRefusedError, match="above PAPER, got FULL"):
        written(directory, full)
    with pytest.raises(StageRefusedError):
        written(
            directory,
            lambda record: record.promote(
                RolloutTrack.SETUPS, Stage.SMALL, "", "a person", "no evidence", NOW
            ),
        )
    assert standing(directory) == (Stage.PAPER, "")


def test_both_heads_are_private(directory: WorldDirectory) -> None:
    written(directory, small)
    for path in HeadFiles(directory, REAL).paths:
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_setups_stage_says_nothing_of_the_traders_own_orders(directory: WorldDirectory) -> None:
    written(directory, small)
    with LedgerReader(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, HOSTS)
        assert record.track(RolloutTrack.SETUPS) == TrackStage(Stage.SMALL)
        assert record.track(RolloutTrack.MANUAL) == TrackStage(Stage.PAPER)


def test_an_edited_row_is_seen(directory: WorldDirectory) -> None:
    written(directory, small)
    edit(directory, "UPDATE stages SET payload = replace(payload, 'SMALL', 'FULL')")
    stage, doubt = standing(directory)
    assert stage is Stage.PAPER
    assert "was edited" in doubt
    assert "cockpit rollout demote" in doubt


def test_a_row_that_does_not_read_is_seen(directory: WorldDirectory) -> None:
    written(directory, small)
    edit(directory, "UPDATE stages SET payload = 'SMALL' WHERE number = 2")
    assert standing(directory)[0] is Stage.PAPER


def test_a_recomputed_chain_is_seen_by_its_heads(directory: WorldDirectory) -> None:
    written(directory, small)
    last = chain_of(directory)[-1]
    forged = msgspec.structs.replace(
        last,
        number=3,
        origin=Stage.SMALL,
        target=Stage.FULL,
        previous=last.digest,
        change=StageChange.PROMOTED,
    )
    edit(directory, "INSERT INTO stages VALUES (?, ?, ?, ?, ?)", *stage_row(forged))
    stage, doubt = standing(directory)
    assert stage is Stage.PAPER
    assert "put back, edited or lost" in doubt


def test_a_chain_of_another_name_beside_it_is_seen(directory: WorldDirectory) -> None:
    written(directory, small, demoted)
    for link in chain_of(directory)[:2]:
        other = msgspec.structs.replace(link, chain="another", previous="")
        edit(directory, "INSERT INTO stages VALUES (?, ?, ?, ?, ?)", *stage_row(other))
    assert standing(directory)[0] is Stage.PAPER


def test_a_deleted_demotion_is_seen(directory: WorldDirectory) -> None:
    written(directory, small, demoted)
    edit(directory, "DELETE FROM stages WHERE number = 3")
    stage, doubt = standing(directory)
    assert stage is Stage.PAPER
    assert doubt


def test_an_old_ledger_that_is_put_back_is_seen(
    directory: WorldDirectory, copies: Callable[[Path, str], Path]
) -> None:
    written(directory, small)
    old = copies(directory.path, "old")
    written(directory, demoted)
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (directory.path / name).unlink(missing_ok=True)
        if (old / name).exists():
            shutil.copy2(old / name, directory.path / name)
    stage, doubt = standing(directory)
    assert stage is Stage.PAPER
    assert "put back" in doubt


def test_an_old_home_that_is_put_back_with_its_head_is_seen(
    directory: WorldDirectory, copies: Callable[[Path, str], Path]
) -> None:
    written(directory, small)
    old = copies(directory.path, "old")
    written(directory, demoted)
    shutil.rmtree(directory.path)
    shutil.copytree(old, directory.path)
    stage, doubt = standing(directory)
    assert stage is Stage.PAPER
    assert "put back" in doubt


def test_a_copied_home_begins_at_paper(
    directory: WorldDirectory, copies: Callable[[Path, str], Path], tmp_path: Path
) -> None:
    written(directory, small)
    copies(directory.path, "copied")
    stage, doubt = standing(WorldDirectory(World.ACCOUNT, tmp_path / "copied"))
    assert stage is Stage.PAPER
    assert "copied or moved" in doubt
    assert standing(directory) == (Stage.SMALL, "")


def test_a_lost_head_or_a_lost_ledger_is_seen(directory: WorldDirectory) -> None:
    written(directory, small)
    kept = HeadFiles(directory, REAL).paths[0].read_bytes()
    for path in HeadFiles(directory, REAL).paths:
        path.unlink()
        assert standing(directory)[0] is Stage.PAPER
        path.write_bytes(b"not a head")
        assert "expected the head" in standing(directory)[1]
        path.write_bytes(kept)
        assert standing(directory) == (Stage.SMALL, "")
    directory.ledger.unlink()
    assert standing(directory)[0] is Stage.PAPER
    assert standing(directory)[1]


def test_another_state_directory_in_the_environment_raises_nothing(
    directory: WorldDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(directory, small, demoted)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("COCKPIT_ROLLOUT__STAGE", "FULL")
    assert standing(directory)[0] is Stage.PAPER


def test_an_old_home_and_an_old_state_directory_that_a_variable_names_bring_no_stage_back(
    directory: WorldDirectory, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(stage_heads, "standing_state", lambda: state)
    written(directory, small)
    aside = tmp_path / "aside"
    for kept in (directory.path, state):
        shutil.copytree(kept, aside / kept.name)
    written(directory, demoted)
    shutil.rmtree(directory.path)
    shutil.copytree(aside / directory.path.name, directory.path)
    monkeypatch.setenv("XDG_STATE_HOME", str(aside / state.name))
    assert standing(directory)[0] is Stage.PAPER
    assert "put back" in standing(directory)[1]
    written(directory, lambda record: record.begin_anew("a person", "a person", NOW + 3))
    assert standing(directory) == (Stage.PAPER, "")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert standing(directory) == (Stage.PAPER, "")


def test_addresses_here_and_elsewhere_have_no_stage_together(directory: WorldDirectory) -> None:
    mixed = "127.0.0.1 api-hft.upstox.com"
    stage, doubt = standing(directory, mixed)
    assert stage is Stage.PAPER
    assert "127.0.0.1" in doubt
    assert "upstox.api_url" in doubt
    with pytest.raises(StageRefusedError, match="proves nothing of the other"):
        written(directory, small, hosts=mixed)


def test_a_stage_counts_only_at_the_addresses_it_was_reached_at(directory: WorldDirectory) -> None:
    written(directory, small)
    assert standing(directory, LOOPBACK) == (Stage.PAPER, "")
    stage, doubt = standing(directory, "api.other.example")
    assert stage is Stage.PAPER
    assert "api.other.example" in doubt


def test_a_rehearsal_is_named_counts_on_this_machine_alone_and_is_never_promoted_from(
    directory: WorldDirectory,
) -> None:
    written(directory, lambda record: record.rehearse(Stage.SMALL, "a person", NOW), hosts=LOOPBACK)
    with LedgerReader(directory.ledger) as ledger:
        found = StageRecord(ledger, directory, LOOPBACK).track(RolloutTrack.SETUPS)
    assert found.name == "SMALL (REHEARSAL)"
    assert standing(directory) == (Stage.PAPER, "")
    with pytest.raises(StageRefusedError, match="rehearse PAPER"):
        written(directory, full, hosts=LOOPBACK)
    with pytest.raises(StageRefusedError, match="real money"):
        written(directory, lambda record: record.rehearse(Stage.SMALL, "a person", NOW))
    written(directory, lambda record: record.rehearse(Stage.PAPER, "a person", NOW + 1), hosts=LOOPBACK)
    assert standing(directory, LOOPBACK) == (Stage.PAPER, "")


def test_a_breach_in_a_rehearsal_lowers_it_and_it_stays_one(directory: WorldDirectory) -> None:
    def fall(to: Stage) -> Callable[[StageRecord], object]:
        return lambda record: record.demote(
            BrokerPlace.LOOPBACK, to, "a law broken", "the engine", NOW, anew=True
        )

    def shown() -> list[str]:
        with LedgerReader(directory.ledger) as ledger:
            record = StageRecord(ledger, directory, LOOPBACK)
            return [record.track(track).name for track in RolloutTrack]

    written(directory, lambda record: record.rehearse(Stage.FULL, "a person", NOW), hosts=LOOPBACK)
    written(directory, fall(Stage.SMALL), hosts=LOOPBACK)
    assert shown() == ["SMALL (REHEARSAL)", "SMALL (REHEARSAL)"]
    written(directory, fall(Stage.PAPER), hosts=LOOPBACK)
    assert shown() == ["PAPER", "PAPER"]


def test_a_clock_that_was_set_back_promotes_nothing_and_holds_no_demotion_up(
    directory: WorldDirectory,
) -> None:
    written(directory, small)
    with pytest.raises(StageRefusedError, match="clock"):
        written(
            directory,
            lambda record: record.promote(
                RolloutTrack.SETUPS, Stage.FULL, "a digest", "a person", "met", NOW - 1
            ),
        )
    written(
        directory, lambda record: record.demote(REAL, Stage.PAPER, "asked", "a person", NOW - 5, anew=False)
    )
    assert standing(directory) == (Stage.PAPER, "")
    times = [link.time for link in chain_of(directory)]
    assert times == sorted(times)


def test_a_breach_lowers_both_tracks_and_asks_for_evidence_anew(directory: WorldDirectory) -> None:
    def manual(record: StageRecord) -> None:
        record.promote(RolloutTrack.MANUAL, Stage.SMALL, "a digest", "a person", "met", NOW)

    written(
        directory,
        small,
        manual,
        lambda record: record.demote(REAL, Stage.PAPER, "a law broken", "the engine", NOW + 1, anew=True),
    )
    with LedgerReader(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, HOSTS)
        assert [record.track(track).stage for track in RolloutTrack] == [Stage.PAPER, Stage.PAPER]
        assert record.links()[-1].anew


def test_a_stage_falls_although_no_head_can_be_written(
    directory: WorldDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(directory, small)

    def refused(*_: object) -> None:
        raise OSError("read-only")

    with monkeypatch.context() as full_disk:
        full_disk.setattr(HeadFiles, "write", refused)
        written(directory, demoted)
    stage, doubt = standing(directory)
    assert stage is Stage.PAPER
    assert doubt


@pytest.mark.parametrize("taken", [1, 2])
def test_a_fall_that_the_disk_takes_only_in_part_lowers_the_traders_own_orders_too(
    directory: WorldDirectory, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """``taken`` writings pass before the disk is full: the heads that say what comes, then the row."""

    def manual(record: StageRecord) -> None:
        record.promote(RolloutTrack.MANUAL, Stage.SMALL, "a digest", "a person", "met", NOW)

    written(directory, small, manual)
    left = taken
    write, keep = HeadFiles.write, Ledger.keep_stage

    def spent() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("no space left")

    def heads(files: HeadFiles, head: ChainHead) -> None:
        spent()
        write(files, head)

    def kept(ledger: Ledger, link: StageEvent) -> None:
        spent()
        keep(ledger, link)

    with monkeypatch.context() as full_disk:
        full_disk.setattr(HeadFiles, "write", heads)
        full_disk.setattr(Ledger, "keep_stage", kept)
        written(directory, demoted)
    with LedgerReader(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, HOSTS)
        assert [record.standing(REAL, track).stage for track in RolloutTrack] == [Stage.PAPER, Stage.PAPER]


def test_a_fall_is_one_link_for_both_tracks(directory: WorldDirectory) -> None:
    def manual(record: StageRecord) -> None:
        record.promote(RolloutTrack.MANUAL, Stage.SMALL, "a digest", "a person", "met", NOW)

    written(directory, small, manual, full)
    written(
        directory, lambda record: record.demote(REAL, Stage.SMALL, "asked", "a person", NOW + 2, anew=False)
    )
    with LedgerReader(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, HOSTS)
        assert len(record.links()) == 5
        assert {record.track(track).stage for track in RolloutTrack} == {Stage.SMALL}
    written(directory, demoted)
    with LedgerReader(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, HOSTS)
        assert len(record.links()) == 6
        assert {record.track(track).stage for track in RolloutTrack} == {Stage.PAPER}


def test_a_new_chain_begins_at_paper_and_keeps_the_old_one_aside(directory: WorldDirectory) -> None:
    written(directory, small)
    edit(directory, "UPDATE stages SET digest = 'x' WHERE number = 2")
    written(directory, lambda record: record.begin_anew("it was edited", "a person", NOW))
    assert standing(directory) == (Stage.PAPER, "")
    with closing(sqlite3.connect(directory.ledger)) as connection:
        assert connection.execute("SELECT count(*) FROM stages").fetchone()[0] == 3
    written(directory, small)
    assert standing(directory) == (Stage.SMALL, "")


def test_a_writing_that_is_cut_off_at_any_step_never_raises_and_a_lowered_stage_stays_low(
    directory: WorldDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of a change (both heads, the ledger, both heads) is the last one once."""
    write, keep = HeadFiles.write, Ledger.keep_stage
    written(directory, small)
    for step in range(3):
        for act, allowed in ((full, {Stage.SMALL, Stage.FULL}), (demoted, {Stage.PAPER})):
            done = 0

            def limited(*_: object, step: int = step) -> None:
                nonlocal done
                done += 1
                if done > step + 1:
                    raise OSError("cut off")

            def heads(files: HeadFiles, head: object) -> None:
                limited()
                write(files, head)  # type: ignore[arg-type]

            def kept(ledger: Ledger, link: StageEvent) -> None:
                limited()
                keep(ledger, link)

            with monkeypatch.context() as cut:
                cut.setattr(HeadFiles, "write", heads)
                cut.setattr(Ledger, "keep_stage", kept)
                with suppress(OSError):
                    written(directory, act)
            assert standing(directory)[0] in allowed
        written(directory, lambda record: record.begin_anew("the next round", "a person", NOW), small)
