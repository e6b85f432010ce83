"""A guarded socket for protocols other than HTTP (mail, file transfer)."""

from __future__ import annotations

import socket
import time

from hub.wire.address import Target, is_local_name, parse
from hub.wire.call import Blocked, NotSent
from hub.wire.policy import Policy


def reach(host: str, port: int, policy: Policy, timeout_seconds: float, ports: frozenset[int]) -> socket.socket:
    """A TCP connection to one of the host's judged addresses. Raises `Blocked` or `NotSent`.

    `ports` are the protocol's own; others, local names and private addresses only where the policy names the target.
    """
    target = parse(f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/")
    if not policy.names(target):
        if is_local_name(target.host):
            raise Blocked(f"{host} is a local name; list it in the connection's private_targets to allow it")
        if port not in ports:
            raise Blocked(f"port {port} of {host} is not allowed; list it in private_targets to allow it")
    return _connect(target, policy.judged(target), time.monotonic() + timeout_seconds)


def _connect(target: Target, addresses: list[str], deadline: float) -> socket.socket:
    reason = "no address"
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            reason = type(error).__name__
    raise NotSent(f"no connection to {target.host} port {target.port} ({reason})")
