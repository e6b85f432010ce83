"""A target with a fault in it, for the test that sees the fuzzer find it: nobody else runs this."""

from __future__ import annotations

from tests.hostile.fuzz.target import Target, expect


def check(data: bytes) -> None:
    expect(not data.startswith(b"FAULT"), "the planted fault")


TARGET = Target("planted", "a fault that is there on purpose", check, (), lambda: [b"seed"], (b"FAULT",), 16)
