"""What a connection may reach and how much it may read."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.wire.address import Address, Target, address_fault, is_local_name, literal
from hub.wire.call import Blocked, NotSent

MEBIBYTE = 1024 * 1024

# host name, port -> every address it has, in the order to be tried; raises OSError
Resolver = Callable[[str, int], list[str]]


def system_resolver(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Policy:
    """One connection's limits. `private_targets` are "host" or "host:port" that its owner named on purpose:
    only those may be private, speak plain http, or listen on another port than `ports`.
    """

    private_targets: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset({443, 8443})
    max_answer_bytes: int = 16 * MEBIBYTE
    max_request_bytes: int = 8 * MEBIBYTE
    idle_seconds: float = 4.0  # below the 5 s after which common servers close an idle connection
    ca_file: str | None = None
    resolver: Resolver = field(default=system_resolver, repr=False)

    def names(self, target: Target) -> bool:
        host = f"[{target.host}]" if ":" in target.host else target.host
        return not self.private_targets.isdisjoint({target.host, host, f"{host}:{target.port}"})

    def addresses(self, target: Target) -> list[str]:
        """All addresses of the target, each judged; one bad one refuses the name. Raises `Blocked` or `NotSent`."""
        if not self.names(target):
            self._refuse_by_name(target)
        return self.judged(target)

    def judged(self, target: Target) -> list[str]:
        """The same without the rules that are HTTP's own (TLS, ports): for other protocols."""
        named = self.names(target)
        address = literal(target.host)
        found = [str(address)] if address is not None else self._resolve(target)
        for text in found:
            fault = address_fault(_parse(text), private_allowed=named)
            if fault:
                raise Blocked(f"{target.host} may not be called: {fault}")
        return found

    def _refuse_by_name(self, target: Target) -> None:
        if is_local_name(target.host):
            raise Blocked(f"{target.host} is a local name; list it in the connection's private_targets to allow it")
        if target.scheme != "https":
            raise Blocked(f"{target.host} would be called without TLS; list it in private_targets to allow it")
        if target.port not in self.ports:
            raise Blocked(f"port {target.port} of {target.host} is not allowed; list it in private_targets to allow it")

    def _resolve(self, target: Target) -> list[str]:
        try:
            found = self.resolver(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise NotSent(f"{target.host} could not be resolved ({type(error).__name__})") from error
        if not found:
            raise NotSent(f"{target.host} has no address")
        return found


def _parse(text: str) -> Address:
    address = literal(text.partition("%")[0])
    if address is None:
        raise Blocked("the resolver answered something that is not an address")
    return address
