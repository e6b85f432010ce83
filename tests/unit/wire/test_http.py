"""Every way a call can go wrong, played by real sockets: each ends as NotSent or Unanswered and nothing else."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib

import pytest

from hub.wire.call import NotSent, Request, Timeout, Unanswered
from hub.wire.http import HttpTransport
from hub.wire.policy import Policy
from tests.unit.wire.server import Seen, answering, read_request, reply, reset, serving, unused_port

LOOPBACK = Policy(private_targets=frozenset({"127.0.0.1"}), max_answer_bytes=100_000)


def post(port: int, body: bytes = b'{"a":1}', total: float = 2.0, policy: Policy = LOOPBACK, path: str = "/x"):
    headers = (("Content-Type", "application/json"),)
    request = Request("POST", f"http://127.0.0.1:{port}{path}", headers, body, Timeout(1.0, total))
    return HttpTransport(policy).send(request)


def test_an_answer_comes_back_whole():
    with serving(answering(reply("201 Created", b'{"id":7}', "X-Request-ID: r1", "Link: a", "Link: b"))) as (
        port,
        seen,
    ):
        answer = post(port)
    assert (answer.status, answer.body) == (201, b'{"id":7}')
    assert answer.headers["x-request-id"] == "r1"
    assert answer.headers["link"] == "a, b"
    assert 0 < answer.elapsed < 2
    head, _, body = seen.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nContent-Length: 7" in head
    assert body == b'{"a":1}'


def test_a_connection_is_kept_and_used_again():
    with serving(answering(reply())) as (port, seen):
        transport = HttpTransport(LOOPBACK)
        for _ in range(3):
            transport.send(Request("GET", f"http://127.0.0.1:{port}/"))
        assert (len(seen.requests), seen.connections) == (3, 1)


def test_each_thread_has_its_own_connection():
    with serving(answering(reply())) as (port, seen):
        transport = HttpTransport(LOOPBACK)
        request = Request("GET", f"http://127.0.0.1:{port}/")
        threads = [threading.Thread(target=lambda: [transport.send(request) for _ in range(3)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(seen.requests), seen.connections) == (12, 4)


def test_a_connection_closed_meanwhile_is_replaced_before_anything_is_sent():
    with serving(answering(reply(), close=True)) as (port, seen):
        transport = HttpTransport(LOOPBACK)
        for _ in range(3):
            transport.send(Request("POST", f"http://127.0.0.1:{port}/", body=b"x"))
            time.sleep(0.05)
        assert (len(seen.requests), seen.connections) == (3, 3)


def test_a_connection_idle_too_long_is_not_trusted():
    policy = Policy(private_targets=frozenset({"127.0.0.1"}), idle_seconds=0.01)
    with serving(answering(reply())) as (port, seen):
        transport = HttpTransport(policy)
        for _ in range(2):
            transport.send(Request("GET", f"http://127.0.0.1:{port}/"))
            time.sleep(0.05)
        assert seen.connections == 2


# --- certainly not executed


def test_refused_is_not_sent():
    with pytest.raises(NotSent, match="ConnectionRefused"):
        post(unused_port())


def test_a_name_that_does_not_resolve_is_not_sent():
    def nothing(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(NotSent, match="could not be resolved"):
        HttpTransport(Policy(resolver=nothing)).send(Request("GET", "https://shop.example/"))


def test_a_resolver_slower_than_the_deadline_means_not_sent():
    def slow(host: str, port: int) -> list[str]:
        time.sleep(0.15)
        return ["93.184.216.34"]

    request = Request("GET", "https://shop.example/", timeout=Timeout(0.1, 0.1))
    with pytest.raises(NotSent, match="longer"):
        HttpTransport(Policy(resolver=slow)).send(request)


def hello(sock: socket.socket, seen: Seen) -> None:
    sock.sendall(b"hello\r\n")
    seen.stop.wait(0.1)


def stall(sock: socket.socket, seen: Seen) -> None:
    seen.stop.wait(5)


def test_no_tls_at_the_other_end_is_not_sent():
    with serving(hello) as (port, seen):
        with pytest.raises(NotSent, match="TLS"):
            HttpTransport(LOOPBACK).send(Request("POST", f"https://127.0.0.1:{port}/", body=b"x"))
        assert not seen.requests


def test_a_tls_handshake_that_stalls_ends_with_the_time_to_connect():
    with serving(stall) as (port, _):
        started = time.monotonic()
        request = Request("POST", f"https://127.0.0.1:{port}/", body=b"x", timeout=Timeout(0.2, 5.0))
        with pytest.raises(NotSent, match="timed out"):
            HttpTransport(LOOPBACK).send(request)
        assert time.monotonic() - started < 3  # the whole call would have five seconds


# --- perhaps executed


def slow_loris(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)
    for byte in reply(body=b"x" * 1000):
        sock.sendall(bytes([byte]))
        if seen.stop.wait(0.05):
            return


def slow_body(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not seen.stop.wait(0.05):
        sock.sendall(b"x")


def reset_before_reading(sock: socket.socket, seen: Seen) -> None:
    time.sleep(0.05)
    reset(sock)


def reset_after_reading(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)
    reset(sock)


def close_after_reading(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)


def silence(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)
    seen.stop.wait(5)


@pytest.mark.parametrize(
    "script",
    [slow_loris, slow_body, silence, reset_before_reading, reset_after_reading, close_after_reading],
    ids=lambda script: script.__name__,
)
def test_bytes_that_left_and_no_answer_is_unanswered(script):
    with serving(script) as (port, _):
        started = time.monotonic()
        with pytest.raises(Unanswered):
            post(port, total=0.4)
        assert time.monotonic() - started < 3  # where it says nothing, it does so for five seconds


BAD_ANSWERS = {
    "not_http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "http2": b"HTTP/2 200\r\n\r\n",
    "bad_status": b"HTTP/1.1 20 OK\r\n\r\n",
    "no_colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "folded_header": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
    "null_in_header": b"HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 2\r\n\r\n{}",
    "bare_return_in_header": b"HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\nContent-Length: 2\r\n\r\n{}",
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
    "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
    "signed_length": b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n1",
    "length_and_chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad_chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk_overrun": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "chunks_cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "huge_by_length": b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n",
    "huge_by_chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
    "huge_by_close": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000,
    "endless_head": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000,
    "many_headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
    "switched": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "only_interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    "brotli": reply("200 OK", b"\x0b\x00", "Content-Encoding: br"),
    "damaged_gzip": reply("200 OK", b"\x1f\x8bnope", "Content-Encoding: gzip"),
    "cut_gzip": reply("200 OK", gzip.compress(b"abc" * 100)[:-9], "Content-Encoding: gzip"),
    "gzip_bomb": reply("200 OK", gzip.compress(b"\0" * 5_000_000), "Content-Encoding: gzip"),
    "deflate": reply("200 OK", zlib.compress(b"abc"), "Content-Encoding: deflate"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_unreadable_answer_is_unanswered(name):
    with serving(answering(BAD_ANSWERS[name], close=True)) as (port, seen):
        with pytest.raises(Unanswered):
            post(port)
        assert len(seen.requests) == 1  # and nothing is ever sent a second time


def test_a_status_that_was_read_is_kept_on_the_error():
    with serving(answering(BAD_ANSWERS["truncated"], close=True)) as (port, _), pytest.raises(Unanswered) as caught:
        post(port)
    assert caught.value.status == 200


def test_the_cap_is_enforced_while_reading_and_not_after():
    sent = 0

    def flood(sock: socket.socket, seen: Seen) -> None:
        nonlocal sent
        read_request(sock, seen)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent += sock.send(b"x" * 65536)

    with serving(flood) as (port, _), pytest.raises(Unanswered, match="larger"):
        post(port)
    assert sent < 20_000_000


# --- answers


def test_html_errors_and_redirects_are_answers_like_any_other():
    page = reply("502 Bad Gateway", b"<html>oops", "Content-Type: text/html")
    with serving(answering(page)) as (port, _):
        assert post(port).status == 502
    moved = reply("302 Found", b"", "Location: http://169.254.169.254/")
    with serving(answering(moved)) as (port, seen):
        assert post(port).status == 302
        assert len(seen.requests) == 1


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(body=b"ok"), b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil closed", b"until closed"),
        (reply("200 OK", gzip.compress(b"packed", mtime=0), "Content-Encoding: gzip"), b"packed"),
    ],
)
def test_framings_that_are_understood(data, body):
    with serving(answering(data, close=True)) as (port, _):
        assert post(port).body == body


def test_an_early_answer_to_a_large_request_is_still_read():
    def early(sock: socket.socket, seen: Seen) -> None:
        sock.recv(1000)
        sock.sendall(reply("413 Content Too Large", b"too big", "Connection: close"))
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    with serving(early) as (port, _):
        assert post(port, b"x" * 3_000_000).status == 413


def test_the_environment_proxy_is_not_read(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(answering(reply())) as (port, _):
        assert post(port).status == 200


def test_closing_leaves_the_transport_usable():
    with serving(answering(reply())) as (port, seen):
        transport = HttpTransport(LOOPBACK)
        request = Request("GET", f"http://127.0.0.1:{port}/")
        transport.send(request)
        transport.close()
        assert transport.send(request).status == 200
        assert seen.connections == 2


@pytest.mark.parametrize("sign", ["\x00", "\rSet-Cookie: a"])
def test_a_header_that_somebody_may_read_as_two_is_no_answer(sign: str):
    with serving(answering(reply("200 OK", b"{}", f"X-Id: 7{sign}"))) as (port, _), pytest.raises(Unanswered):
        post(port)
