"""What a report says of its checks: go or not, to a program, to a person, to an engine."""

from hypothesis import given
from hypothesis import strategies as st

from engine.preflight.report import Check, CheckState, Group, Report

NOW = 1_795_000_000_000_000


def report(*checks: Check, mode: str = "paper") -> Report:
    return Report(mode, NOW, 1.25, checks)


def check(name: str, state: CheckState = CheckState.GO, **more: object) -> Check:
    return Check(Group.SYSTEM, name, state, **more)  # type: ignore[arg-type]


def test_nothing_checked_is_no_go() -> None:
    assert not report().go
    assert report().describe()[-1] == "NO-GO (paper, 1.2 s): nothing was checked"


def test_a_warning_does_not_stop_and_one_no_go_does() -> None:
    good, warned, bad = (
        check("one"),
        check("two", CheckState.WARN),
        check("three", CheckState.NO_GO, reason="why"),
    )
    assert report(good, warned).exit_code == 0
    assert report(good, warned, bad).exit_code == 1
    assert [one.name for one in report(good, warned, bad).stops] == ["three"]
    assert report(good, bad).to_json()["no_go"] == ["three"]


def test_what_was_not_asked_is_no_go_even_where_nothing_else_is() -> None:
    unasked, bad = check("feed", CheckState.NOT_ASKED, reason="not asked"), check("token", CheckState.NO_GO)
    assert [one.name for one in report(check("one"), unasked).stops] == ["feed"]
    assert not report(check("one"), unasked).go
    assert [one.name for one in report(unasked, bad).stops] == ["token"]


@given(st.lists(st.sampled_from(list(CheckState)), min_size=1, max_size=6))
def test_there_is_something_that_stops_exactly_where_it_is_no_go(states: list[CheckState]) -> None:
    found = report(*(check(f"c{number}", state) for number, state in enumerate(states)))
    assert found.go == (not found.stops)
    assert found.to_json()["go"] == found.go


@given(
    st.text(min_size=1, max_size=40),
    st.text(max_size=200),
    st.text(max_size=300),
    st.sampled_from(list(CheckState)),
    st.integers(60, 200),
)
def test_any_text_is_laid_out_without_losing_a_word(
    name: str, figure: str, reason: str, state: CheckState, width: int
) -> None:
    lines = report(check(name, state, figure=figure, reason=reason)).describe(width)
    told = " ".join(lines).split()
    for word in (*name.split(), *figure.split(), *reason.split()):
        assert word in told
