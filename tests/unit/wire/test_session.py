"""A vendor SDK's requests session rides the same transport, and its errors keep the difference that matters."""

from __future__ import annotations

import pytest
import requests

from hub.wire.call import NotSent, Timeout, Unanswered
from hub.wire.http import HttpTransport
from hub.wire.session import cause_of, session
from tests.unit.wire.server import answering, reply, serving, unused_port
from tests.unit.wire.test_http import LOOPBACK, close_after_reading


def made() -> requests.Session:
    return session(HttpTransport(LOOPBACK), Timeout(1.0, 1.0))


def test_an_answer_reads_like_any_other_of_requests():
    with serving(answering(reply("201 Created", b'{"a": 1}', "Content-Type: application/json; charset=utf-8"))) as (
        port,
        seen,
    ):
        answer = made().post(f"http://127.0.0.1:{port}/x", json={"b": 2}, auth=("user", "word"))
        assert (answer.status_code, answer.json(), answer.encoding) == (201, {"a": 1}, "utf-8")
        assert b"Authorization: Basic" in seen.requests[0]
        assert seen.requests[0].endswith(b'{"b": 2}')


def test_redirects_are_not_followed():
    with serving(answering(reply("302 Found", b"", "Location: /y"))) as (port, seen):
        with pytest.raises(requests.TooManyRedirects):
            made().get(f"http://127.0.0.1:{port}/x")
        assert len(seen.requests) == 1


def test_the_cause_tells_whether_anything_was_sent():
    with pytest.raises(requests.ConnectionError) as caught:
        made().post(f"http://127.0.0.1:{unused_port()}/x")
    assert isinstance(cause_of(caught.value), NotSent)
    with serving(close_after_reading) as (port, _), pytest.raises(requests.ConnectionError) as caught:
        made().post(f"http://127.0.0.1:{port}/x")
    assert isinstance(cause_of(caught.value), Unanswered)
    wrapped = RuntimeError("by an SDK")
    wrapped.__cause__ = caught.value
    assert isinstance(cause_of(wrapped), Unanswered)
    assert cause_of(ValueError("other")) is None
