from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("small_hub.py")


class Process:
    """The small hub, running. `lines` are what it has said so far."""

    def __init__(self, engine: str, port: int, grace: float) -> None:
        if engine == "gunicorn":
            pytest.importorskip("gunicorn")
        self.port = port
        self.lines: list[str] = []
        self.child = subprocess.Popen(
            [sys.executable, str(SCRIPT), engine, str(port), str(grace)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=SCRIPT.parents[3],
            env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[3])},
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        with self.child.stdout as output:
            for line in output:
                self.lines.append(line.strip())

    def said(self, word: str) -> list[str]:
        """What followed `word` in each line that began with it."""
        return [rest for first, _, rest in (line.partition(" ") for line in list(self.lines)) if first == word]

    def wait_for(self, word: str, seconds: float = 10) -> None:
        until = time.monotonic() + seconds
        while not self.said(word):
            assert time.monotonic() < until, f"no '{word}' in {self.lines}"
            time.sleep(0.01)

    def get(self, path: str) -> tuple[int, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Seconds until it was gone."""
        began = time.monotonic()
        self.child.send_signal(number)
        self.child.wait(20)
        return time.monotonic() - began


Start = Callable[..., Process]


@pytest.fixture
def start(free_port: int) -> Iterator[Start]:
    running: list[Process] = []

    def begin(engine: str = "granian", grace: float = 10) -> Process:
        running.append(Process(engine, free_port, grace))
        return running[-1]

    yield begin
    for process in running:
        if process.child.poll() is None:
            process.child.kill()
            process.child.wait(10)
        process.reader.join(10)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


engines = pytest.mark.parametrize("engine", ["granian", "gunicorn"])


@engines
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_stops_and_drains_once(start: Start, engine: str, number: int) -> None:
    process = start(engine)
    process.wait_for("listening")
    assert process.get("/") == (200, b"ok")
    process.stop(number)
    process.wait_for("returned")
    assert process.child.returncode == 0
    assert len(process.said("drained")) == 1
    assert process.said("returned") == process.said("begin")


@engines
def test_a_header_that_is_given_twice_arrives_twice(start: Start, engine: str) -> None:
    process = start(engine)
    process.wait_for("listening")
    with closing(HTTPConnection("127.0.0.1", process.port, timeout=10)) as connection:
        connection.request("HEAD", "/cookies")
        answer = connection.getresponse()
        assert (answer.headers.get_all("Set-Cookie"), answer.headers["Content-Length"]) == (["a=1", "b=2"], "2")


def test_it_is_one_process(start: Start) -> None:
    process = start()
    process.wait_for("listening")
    assert process.get("/")[0] == 200
    assert process.said("listening") == process.said("begin")
    children = Path(f"/proc/{process.child.pid}/task/{process.child.pid}/children")
    if children.exists():
        assert children.read_text() == ""


@engines
def test_a_request_in_flight_is_answered(start: Start, engine: str) -> None:
    process = start(engine)
    process.wait_for("listening")
    answers: list[tuple[int, bytes]] = []
    slow = threading.Thread(target=lambda: answers.append(process.get("/slow")))
    slow.start()
    time.sleep(0.3)
    process.stop()
    slow.join(10)
    assert answers == [(200, b"ok")]
    process.wait_for("drained")


@pytest.mark.parametrize("time_of_it", range(4))
def test_whoever_is_continued_and_asked_to_end_at_once_hears_of_it(start: Start, time_of_it: int) -> None:
    """Then the kernel may give the signal to another thread than the one that has to act on it: one time in four."""
    process = start()
    process.wait_for("listening")
    assert process.get("/")[0] == 200
    process.child.send_signal(signal.SIGSTOP)
    time.sleep(0.05)
    process.child.send_signal(signal.SIGCONT)
    process.stop()
    assert process.child.returncode == 0
    process.wait_for("drained")


def test_a_sender_that_never_ends_is_given_up(start: Start) -> None:
    process = start(grace=0.5)
    process.wait_for("listening")
    with socket.create_connection(("127.0.0.1", process.port)) as sender:
        sender.sendall(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        time.sleep(0.3)
        assert process.stop() < 5
    assert process.child.returncode == 0
    process.wait_for("drained")
    assert len(process.said("drained")) == 1


def test_an_idle_connection_does_not_delay_the_end(start: Start) -> None:
    process = start()
    process.wait_for("listening")
    with socket.create_connection(("127.0.0.1", process.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
        assert process.stop() < 5
    process.wait_for("returned")


@engines
def test_a_second_hub_on_the_port_is_refused(start: Start, engine: str) -> None:
    first = start()
    first.wait_for("listening")
    second = start(engine)
    assert second.child.wait(10) == 3
    second.wait_for("refused")
    assert "Choose another" in second.said("refused")[0]
    assert second.said("listening") == []


def test_a_fault_of_the_application_ends_one_request_alone(start: Start) -> None:
    process = start()
    process.wait_for("listening")
    assert process.get("/fault")[0] == 500
    assert process.get("/") == (200, b"ok")


def test_a_killed_hub_leaves_nothing_behind(start: Start) -> None:
    process = start()
    process.wait_for("listening")
    process.stop(signal.SIGKILL)
    again = start()
    again.wait_for("listening")
    assert again.get("/") == (200, b"ok")


def test_it_stays_small(start: Start) -> None:
    process = start()
    process.wait_for("listening")
    assert process.get("/")[0] == 200
    status = Path(f"/proc/{process.child.pid}/status")
    if status.exists():
        kilobytes = int(status.read_text().split("VmRSS:")[1].split()[0])
        assert kilobytes < 60_000
