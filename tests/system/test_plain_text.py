"""Texts of others steer no terminal."""

import json
import ssl

from hypothesis import example, given
from hypothesis import strategies as some

from engine.system.plain_text import kind_of, plain, plain_json, plain_lines, worded, words_of

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
@example("\x7f")
def test_json_says_the_same_without_a_sign_that_is_not_seen(text: str) -> None:
    told = plain_json(json.dumps({"a": text}, indent=2, ensure_ascii=False))
    assert all(line.isprintable() for line in told.split("\n"))
    assert json.loads(told) == {"a": text}


def test_an_error_says_its_sentence_without_a_number_or_the_name_of_its_kind() -> None:
    assert words_of(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert words_of(ssl.SSLError(1, "[SSL: BAD] certificate verify failed")) == "certificate verify failed"
    assert words_of(TimeoutError()) == "no answer in time"
    assert words_of(ValueError("a\nb\x1b")) == "a b?"
    assert (
        words_of(
            ValueError(f"{'x' * 190}the whole secret"), lambda text: text.replace("the whole secret", "*")
        )
        == f"{'x' * 190}*"
    )


def test_a_fault_of_a_program_names_its_kind_which_says_more_than_its_words() -> None:
    assert words_of(KeyError("depth")) == "'depth' (KeyError)"
    assert words_of(KeyError()) == "KeyError"


def test_what_came_instead_is_told_in_words() -> None:
    values: tuple[object, ...] = ({}, [], "a", True, 1, None)
    assert [kind_of(value) for value in values] == [
        *("named values", "a list", "a text", "a yes or no", "a number", "nothing"),
    ]


def test_a_refusal_s_code_stands_behind_its_words_once() -> None:
    assert worded("UDAPI1", "No margin.") == "No margin (UDAPI1)"
    assert worded("", "No margin") == "No margin"
    assert worded("UDAPI1", "") == "UDAPI1"
    assert worded("UDAPI1", "No margin (UDAPI1)") == "No margin (UDAPI1)"
