import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.upstox.rest.outcome import (
    CODES,
    PROVING,
    Blocked,
    Done,
    InDoubt,
    Rejected,
    SignInAgain,
    TryLater,
    describe,
    judge,
)
from engine.upstox.rest.transport import HttpAnswer

HTML = b"<html><body>Attention required! Cloudflare 1010</body></html>"


def reply(status: int, body: object) -> HttpAnswer:
    return HttpAnswer(status, {}, body if isinstance(body, bytes) else msgspec.json.encode(body), 0.1)


def refused(status: int, *codes: str, old: bool = False) -> HttpAnswer:
    name = "errorCode" if old else "error_code"
    return reply(status, {"status": "error", "errors": [{name: code, "message": "no"} for code in codes]})


def test_a_success_is_done_with_its_data() -> None:
    outcome = judge(
        reply(200, {"status": "success", "data": {"order_ids": ["1"]}, "metadata": {"latency": 3}})
    )
    assert isinstance(outcome, Done)
    assert outcome.data == {"order_ids": ["1"]}


def test_a_partial_success_is_done_with_its_errors_beside_it() -> None:
    outcome = judge(
        reply(207, {"status": "partial_success", "data": [], "errors": [{"error_code": "UDAPI1052"}]})
    )
    assert isinstance(outcome, Done)
    assert outcome.envelope["errors"] == [{"error_code": "UDAPI1052"}]


@pytest.mark.parametrize(
    "body", [HTML, b"", b"{", b"[]", {"status": "error"}, {"data": []}, b'{"status":"succ']
)
def test_a_200_that_is_no_success_proves_nothing(body: object) -> None:
    assert isinstance(judge(reply(200, body)), InDoubt)


@pytest.mark.parametrize("status", sorted(PROVING))
@pytest.mark.parametrize(
    "body", [HTML, b"", {"errors": []}, {"errors": [{"message": "no code"}]}, {"errors": "x"}]
)
def test_a_refusal_with_a_foreign_body_proves_nothing(status: int, body: object) -> None:
    assert isinstance(judge(reply(status, body)), InDoubt)


@pytest.mark.parametrize("status", [301, 302, 405, 410, 500, 502, 503, 504])
def test_an_envelope_under_any_other_http_code_proves_nothing(status: int) -> None:
    assert isinstance(judge(refused(status, "UDAPI1052")), InDoubt)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(("code", "kind"), [(code, CODES[code]) for code in sorted(CODES)])
def test_each_documented_code_has_one_outcome_in_both_spellings(code: str, kind: type, old: bool) -> None:
    assert type(judge(refused(400, code, old=old))) is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UDAPI100050", SignInAgain),
        ("UDAPI1154", Blocked),
        ("UDAPI1156", Blocked),
        ("UDAPI10005", TryLater),
        ("UDAPI100074", TryLater),
        ("UDAPI100500", InDoubt),
        ("UDAPI1158", Rejected),
        ("UDAPI100040", Rejected),
    ],
)
def test_the_codes_that_cost_money_mean_what_they_must(code: str, kind: type) -> None:
    assert CODES[code] is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (401, SignInAgain), (403, Rejected), (423, TryLater), (429, TryLater)],
)
def test_a_code_nobody_documented_is_judged_by_its_http_status(status: int, kind: type) -> None:
    assert type(judge(refused(status, "UDAPI999999"))) is kind


def test_of_several_errors_the_gravest_counts_and_all_are_told() -> None:
    outcome = judge(refused(400, "UDAPI1052", "UDAPI1154"))
    assert isinstance(outcome, Blocked)
    assert "UDAPI1052" in describe(outcome)
    assert "UDAPI1154" in describe(outcome)


DOCUMENTED: dict[type, str] = {
    SignInAgain: "100050 100016",
    Blocked: "100067 100073 100049 1154 1179 1180 1181 1156",
    TryLater: "10005 100072 100074",
    InDoubt: "100500",
    Rejected: """100015 10000 100060 1158 1159 1160 1176 1177 1161 1026 100011 1087 1021
        1052 1004 1056 1007 1055 1008 1029 1043 1030 1031 1032 1036 1039 1118 1119
        1003 1023 1010 100010 100059 100040 100041 100039 100057
        1126 1136 1137 1141 1143 1150 1151 1184 1185 1186 1188
        1027 1028 100042 100043 1146 1147 1148 1015 1022 1088 1089""",
}
"""The broker's error pages as of November 2026, by what the engine must make of each code."""


def test_the_table_holds_every_documented_code_once_and_no_other() -> None:
    documented = {f"UDAPI{number}": kind for kind, text in DOCUMENTED.items() for number in text.split()}
    assert len(documented) == 73
    assert documented == CODES


@given(st.integers(100, 599), st.binary(max_size=200))
def test_any_bytes_under_any_status_are_judged_without_a_fault(status: int, body: bytes) -> None:
    outcome = judge(HttpAnswer(status, {}, body, 0.0))
    assert describe(outcome)
    assert not isinstance(outcome, Done) or b"status" in body


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "success", "data": "\xff\xfe"}',
        b"\xa0caf\xe9 d'\xe9t\xe9",
        b'{"status": "success", "data": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b"[" * 200_000,
    ],
    ids=["broken text in it", "another alphabet", "deeper than any stack", "deep and cut off"],
)
@pytest.mark.parametrize("status", [200, 400, 502])
def test_a_body_that_cannot_even_be_decoded_proves_nothing(status: int, body: bytes) -> None:
    assert isinstance(judge(HttpAnswer(status, {}, body, 0.1)), InDoubt)


def test_however_much_a_broker_says_a_refusal_stays_a_line() -> None:
    errors = [{"error_code": "UDAPI1052", "message": "no " * 100_000}] * 5
    for found in (errors, errors[:1]):
        outcome = judge(reply(400, {"status": "error", "errors": found}))
        assert len(describe(outcome)) < 1_200
