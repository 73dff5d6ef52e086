"""Texts of others steer no terminal."""

import json

from hypothesis import given
from hypothesis import strategies as some

from engine.plain_text import plain, plain_json, plain_lines

ODD = some.text(some.characters(codec=None), max_size=40)


@given(ODD)
def test_a_plain_text_is_one_line_of_signs_that_are_seen(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) == len(text)


def test_what_is_seen_stays_and_what_steers_is_a_sign() -> None:
    assert plain("₹1,512 → naïve क") == "₹1,512 → naïve क"
    assert plain("a\x1b[31mb\x9bc\u202ed\u2066e\x00f\ng") == "a?[31mb?c?d?e?f g"
    assert plain_lines("a\x1b\nb\u202e") == "a?\nb?"


@given(ODD)
def test_json_says_the_same_without_a_sign_that_is_not_seen(text: str) -> None:
    told = plain_json(json.dumps({"a": text}, indent=2, ensure_ascii=False))
    assert all(line.isprintable() for line in told.split("\n"))
    assert json.loads(told) == {"a": text}
