"""What our own guard refuses before a socket is opened: hostile headers, unknown methods, oversized bodies."""

from __future__ import annotations

import pytest

from hub.wire.call import Blocked, Request
from hub.wire.http import HttpTransport
from hub.wire.policy import Policy
from tests.unit.wire.server import answering, reply, serving
from tests.unit.wire.test_http import LOOPBACK


@pytest.mark.parametrize(
    "headers",
    [
        (("X-Ref", "ok\r\nTransfer-Encoding: chunked"),),
        (("X-Ref", "ok\x00"),),
        (("X-Ref", "\u560a\u560dSet-Cookie: a=b"),),
        (("X-Ref", "x" * 9000),),
        (("X Ref", "v"),),
        (("Host", "other.example"),),
        (("Content-Length", "0"),),
        (("Transfer-Encoding", "chunked"),),
    ],
)
def test_hostile_headers_never_leave(headers):
    with serving(answering(reply())) as (port, seen):
        with pytest.raises(Blocked):
            HttpTransport(LOOPBACK).send(Request("POST", f"http://127.0.0.1:{port}/", headers, b"x"))
        assert seen.connections == 0


def test_unknown_methods_and_oversized_bodies_never_leave():
    with pytest.raises(Blocked):
        HttpTransport(LOOPBACK).send(Request("CONNECT", "http://127.0.0.1:1/"))
    policy = Policy(private_targets=frozenset({"127.0.0.1"}), max_request_bytes=10)
    with pytest.raises(Blocked):
        HttpTransport(policy).send(Request("POST", "http://127.0.0.1:1/", body=b"x" * 11))
