"""The disconnects campaign in small: a made day cut at random equals the whole one, and a difference would be seen."""

from pathlib import Path

from engine.feeds.recordings.frames_feed import survey_frames
from engine.feeds.recordings.frames_format import RecordingHeader
from tests.fake_upstox import FakeSettings, running_fake
from tests.fake_upstox.market_day import open_market_day
from tests.feeds.upstox.apart import instruments_of
from tests.feeds.upstox.disconnects import broken, differences, unbroken
from tests.recordings import EQ_A, OPT_A, made_packets, write_recording

CUTS = 8


async def test_a_day_cut_at_random_places_what_the_whole_day_does_outside_its_marked_gaps(
    tmp_path: Path,
) -> None:
    files = (
        write_recording(tmp_path / "a.json.gz", made_packets(EQ_A, seed=21, count=500), indent=None),
        write_recording(
            tmp_path / "b.json.gz",
            made_packets(OPT_A, seed=22, count=500, lot=35, tick=0.05, price=500),
            indent=None,
        ),
    )
    settings = FakeSettings(recordings=files, speed=0, rate_limits=False)
    opened = open_market_day(settings)
    instruments = instruments_of(opened, (EQ_A, OPT_A))
    header = RecordingHeader(opened.day, "feed", opened.first, tuple(instruments.values()))
    recording = tmp_path / "day.frames"
    with running_fake(settings) as fake:
        whole = await unbroken(fake, instruments, header)
    with running_fake(settings) as fake:
        cut, lines = await broken(fake, instruments, header, recording, seconds=460, count=CUTS, seed=5)
    assert lines.feed.connections == lines.stream.connections == CUTS + 1
    found, unseen, total = differences(whole, cut, instruments, recording)
    assert found == []
    assert 0 < unseen < total / 2
    assert len(cut.windows[EQ_A]) >= CUTS // 3
    assert cut.orders
    # One connection and one break for each cut, the closing included.
    assert survey_frames(recording).events >= 2 * CUTS
    # Had anything outside the gaps been lost or doubled, it would show.
    cut.windows[EQ_A].pop()
    found, _, _ = differences(whole, cut, instruments, recording)
    assert any("differs outside the gaps" in text for text in found)
