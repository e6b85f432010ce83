"""`crossdock serve` as a stranger meets it: soon there, small, and gone without loss when it is told to."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from hub.assembly.demo import free_port
from hub.assembly.home import Home
from tests.journey.sender import PATH, Rush, Sender
from tests.journey.town import Town

MIB = 1024 * 1024
PROC = Path("/proc")
linux = pytest.mark.skipif(not (PROC / "self/smaps_rollup").exists(), reason="needs Linux's /proc to look at processes")


def kept(town: Town, database: Path | None = None) -> set[bytes]:
    """Every body in the store."""
    return {bytes(body) for (body,) in town.query_at(database or town.home.database, "SELECT body FROM messages")}


# --- there soon


def test_a_new_installation_answers_within_two_seconds(tmp_path: Path) -> None:
    """The best of five, and where others keep the machine busy, the processor's time instead of the clock's."""
    crossdock = [sys.executable, "-m", "hub.cli.main"]
    subprocess.run([*crossdock, "init", str(tmp_path / "hub")], check=True, capture_output=True)
    tries: list[float] = []
    while len(tries) < 5 and min(tries, default=9.0) >= 2.0:
        port = free_port()
        command = [*crossdock, "serve", "--home", str(tmp_path / "hub"), "--port", str(port)]
        began, busy = time.monotonic(), os.getloadavg()[0] > (os.cpu_count() or 1)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_healthy(port, process)
            seconds = time.monotonic() - began
            tries.append(min(seconds, processor_seconds(process.pid)) if busy else seconds)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert min(tries) < 2.0, tries


def wait_healthy(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, "it ended by itself"
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
            return
        except (OSError, HTTPException):
            time.sleep(0.02)
        finally:
            connection.close()
    raise AssertionError("it does not answer")


def processor_seconds(pid: int) -> float:
    """What the processor has worked for a process so far; endless where that cannot be known."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- small


@linux
def test_it_stays_below_150_mb_with_all_its_processes(tmp_path: Path) -> None:
    """Five connections and the mail, after hundreds of deliveries and orders from end to end."""
    with Town(tmp_path) as town:
        stories = ("authorised at Stripe", "authorised at Stripe, shipped by the merchant")
        orders = [town.place(shop, s) for shop in town.world.storefronts for s in stories for _ in range(6)]
        sender = Sender(town)
        while len(sender.acknowledged) < 400:
            assert sender.send() == 200
        town.until("all are done", lambda: all(town.state(order) == "completed" for order in orders))
        town.quiet()
        used = {pid: resident(pid) for pid in family(town.hub.pid)}
        assert sum(used.values()) < 150 * 10**6, used


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = [
        int(child) for task in (PROC / str(pid) / "task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [pid, *(each for child in children for each in family(child))]


def resident(pid: int) -> int:
    """Bytes of memory that a process occupies, what it shares with others included."""
    (line,) = (line for line in (PROC / str(pid) / "status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


# --- gone without loss


def test_told_to_stop_it_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """In the middle of a rush of deliveries, of orders under way, and of one body that is still on its way in."""
    with Town(tmp_path) as town:
        sender = Sender(town)
        orders = [town.place(shop, "authorised at Stripe") for shop in town.world.storefronts for _ in range(5)]
        body, headers = sender.new()
        with Rush(sender, 6), half_sent(town.port, body, headers) as late:
            town.until("the rush is on", lambda: len(sender.acknowledged) > 100)
            began = time.monotonic()
            os.kill(town.hub.pid, signal.SIGTERM)
            time.sleep(0.3)
            sender.heard(body, finish(late, body))
        assert town.hub.stop() == 0
        assert time.monotonic() - began < 15
        assert set(sender.answers) <= {200, 503, None}
        assert set(sender.acknowledged) <= kept(town)
        assert body in sender.acknowledged, "a request in flight is answered"
        assert town.query("PRAGMA integrity_check") == [("ok",)]
        town.hub.start()
        town.hub.wait_ready()
        town.until("all are done", lambda: all(town.state(order) == "completed" for order in orders))
        assert not town.evidence().doubles


@contextmanager
def half_sent(port: int, body: bytes, headers: dict[str, str]) -> Iterator[socket.socket]:
    """A request of which half of the body has arrived."""
    head = [f"POST {PATH} HTTP/1.1", "Host: hub", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body[: len(body) // 2])
        yield connection


def finish(connection: socket.socket, body: bytes) -> int | None:
    try:
        connection.sendall(body[len(body) // 2 :])
        answer = connection.makefile("rb").readline().split()
        return int(answer[1]) if answer else None
    except OSError:
        return None


# --- a full disk


@linux
def test_files_that_may_not_grow(tmp_path: Path) -> None:
    """The system refuses every byte: 503. Once it lets go, what was under way goes on, and is not done twice."""
    with Town(tmp_path) as town:
        sender = Sender(town)
        with no_room_then_room(sender):
            orders = [town.place(shop, "authorised at Stripe") for shop in town.world.storefronts for _ in range(5)]
            town.until("they are under way", lambda: bool(town.ledgers()["stripe-main"]))
            resource.prlimit(town.hub.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            yield_to(sender)
            resource.prlimit(town.hub.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert set(sender.acknowledged) <= kept(town)
        town.hub.kill()  # so that nobody waits for the leases of what could not be written down
        town.hub.wait_ready()
        town.until("all are done", lambda: all(town.state(order) == "completed" for order in orders))
        assert not town.evidence().doubles


@linux
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """A small disk of its own, in a name space of its own, which needs no rights."""
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    on_it = 'mount -t tmpfs -o size=12m crossdock "$0" && exec "$@"'
    if subprocess.run([*mount, f"{on_it}", str(tmp_path), "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a disk of his own")

    def prefix(home: Home) -> Sequence[str]:
        return [*mount, on_it, str(home.data)]

    with Town(tmp_path, prefix=prefix) as town:
        data = PROC / str(town.hub.pid) / "root" / str(town.home.data).lstrip("/")  # what only the hub sees
        sender = Sender(town)
        with no_room_then_room(sender):
            fill(data / "filler")
            yield_to(sender)
            (data / "filler").unlink()
        os.kill(town.hub.pid, signal.SIGSTOP)  # as if the power failed
        for path in data.glob("crossdock.db*"):
            shutil.copy(path, tmp_path)
        os.kill(town.hub.pid, signal.SIGCONT)
        assert set(sender.acknowledged) <= kept(town, tmp_path / town.home.database.name)


@contextmanager
def no_room_then_room(sender: Sender) -> Iterator[None]:
    """Deliveries are kept before, and kept after."""
    assert [sender.send() for _ in range(20)] == [200] * 20
    yield
    assert [sender.send() for _ in range(20)] == [200] * 20


def yield_to(sender: Sender) -> None:
    """Deliveries while there is no room: what was not kept is not acknowledged, and the sender shall send it again."""
    answers = [sender.send() for _ in range(40)]
    assert set(answers) <= {200, 503}  # a log that is written anew from its beginning may have a little room
    assert answers[-20:] == [503] * 20


def fill(path: Path) -> None:
    """To the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
