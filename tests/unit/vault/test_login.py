"""Passwords and tokens."""

from __future__ import annotations

import re

import pytest

from hub.vault import login


def test_a_password_is_kept_as_argon2id_and_known_again() -> None:
    kept = login.hash_password("correct horse battery")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert login.verify_password(kept, "correct horse battery")
    assert not login.verify_password(kept, "correct horse batterY")
    assert not login.verify_password(None, "correct horse battery")
    assert not login.verify_password("broken", "x")


def test_two_hashes_of_one_password_differ() -> None:
    assert login.hash_password("correct horse battery") != login.hash_password("correct horse battery")


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("correct horse battery", True),
        ("short", False),
        ("x" * 300, False),
        ("aaaaabbbbbbb", False),
        ("hello Nadia hello", False),
        ("пароль длинный", True),
    ],
)
def test_what_a_password_must_be(password: str, fits: bool) -> None:
    assert (login.misfit("nadia", password) is None) == fits


def test_tokens_are_known_by_their_prefix_and_checksum() -> None:
    token = login.new_token()
    assert re.fullmatch(r"cdock_[0-9A-Za-z]{36}", token)
    assert login.looks_real(token)
    assert not login.looks_real(token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert not login.looks_real(token.upper())
    assert not login.looks_real("cdock_")
    assert not login.looks_real(login.new_token(login.SETUP_PREFIX))
    assert len({login.new_token() for _ in range(100)}) == 100


def test_what_is_shown_of_a_token_is_not_enough_to_use_it() -> None:
    token = login.new_token()
    assert login.shown(token) == f"{token[:10]}…{token[-4:]}"
