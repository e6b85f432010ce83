"""Where a call may go: URLs read strictly, and every address judged before a socket is opened.

Parsers disagree about odd URLs, and attackers live in that disagreement. So only the plain form is read at all:
scheme, an ASCII host name or a canonical IP literal, a port, a path. Everything else is refused with a reason.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

from hub.wire.call import Blocked

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_URL = re.compile(r"(https?)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(/[^?#]*)?(?:\?([^#]*))?")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\<>\"^`{|}]")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)")
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)

DEFAULT_PORT = {"http": 80, "https": 443}
MAX_URL = 8192

# Names that mean "this machine" or "this network" wherever they resolve to.
_LOCAL_SUFFIXES = ("localhost", "local", "internal", "localdomain", "lan", "home.arpa")

# Networks that Python calls global (or changed its mind about) and that no provider lives in: 6to4, Teredo,
# local NAT64, site-local, protocol assignments, the 6to4 relay, and one cloud's metadata service.
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "2002::/16", "2001::/23", "64:ff9b:1::/48", "fec0::/10", "::/96", "100::/64", "3fff::/20", "5f00::/16",
        "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "100.64.0.0/10", "198.18.0.0/15",
    )
)  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Networks whose addresses end in an IPv4 address: the two of NAT64, and the old way of writing one as IPv6.
_TAILED = (_NAT64, ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("::/96"))

# Never, not even by name: credentials of the machine itself are handed out here.
_METADATA = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::254/128",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
    )
)


@dataclass(frozen=True)
class Target:
    """A URL taken apart. `host` is lower case without brackets; `resource` is path and query as they go on the wire."""

    scheme: str
    host: str
    port: int
    resource: str

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def parse(url: str) -> Target:
    """The parts of an absolute http(s) URL, or `Blocked`: no user info, fragment, odd host or raw control character."""
    if len(url) > MAX_URL:
        raise Blocked(f"the URL is longer than {MAX_URL} characters")
    if _FORBIDDEN.search(url):
        raise Blocked("the URL holds a character that must be percent-encoded")
    match = _URL.fullmatch(url)
    if match is None:
        raise Blocked("the URL is not a plain http(s) address (no user name, no fragment)")
    scheme, host, port, path, query = match.groups()
    number = int(port) if port else DEFAULT_PORT[scheme]
    if not 0 < number < 65536:
        raise Blocked(f"{number} is not a port")
    path = path or "/"
    return Target(scheme, _host(host), number, path if query is None else f"{path}?{query}")


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return ipaddress.IPv6Address(text[1:-1]).compressed
        except ValueError:
            raise Blocked("the URL's IPv6 address is malformed") from None
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in text.split(".")):
        raise Blocked("the URL's host name is malformed")
    if _NUMBER.fullmatch(text.rsplit(".", 1)[-1]):
        # 127.1, 0x7f000001 and 017700000001 mean 127.0.0.1 to some resolvers: only the canonical spelling passes.
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            raise Blocked("the URL's host is a number but not a plain IPv4 address") from None
    return text.lower()


def literal(host: str) -> Address | None:
    """The host as an address when it is one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_local_name(host: str) -> bool:
    return any(host == suffix or host.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES)


def address_fault(address: Address, private_allowed: bool = False) -> str | None:
    """Why no connection may be opened to this address, or None."""
    if any(_within(one, _METADATA) for one in (address, *_carried(address))):
        return f"{address} is, or leads to, a link-local or metadata address"
    address = _unwrap(address)
    if address.is_multicast or address.is_unspecified:
        return f"{address} is no host's address"
    if private_allowed:
        return None
    if not address.is_global or address.is_reserved or _within(address, _REFUSED):
        return f"{address} is not a public address"
    return None


def _unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, NAT64): that is where the packets go."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _carried(address: Address) -> list[ipaddress.IPv4Address]:
    """Every IPv4 address that an IPv6 one carries in any of the ways there are: some router may unwrap it."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _TAILED):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def _within(
    address: Address,
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...],
) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def join(base_url: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> str:
    """`base_url` + `path` + `query`, guaranteed to stay at the base's origin and below its path.

    `path` starts with one "/" and holds only what is legal in a URL path (see `segment`); the query is encoded here.
    """
    base = parse(base_url)
    if not path.startswith("/") or path.startswith("//"):
        raise Blocked('a path starts with exactly one "/"')
    if _DOT_SEGMENT.search(path) or "?" in path or "#" in path:
        raise Blocked("a path may not climb, ask or jump: no dot segments, '?' or '#'")
    url = base_url.partition("?")[0].rstrip("/") + path
    if query:
        url += "?" + "&".join(f"{_encode(name)}={_encode(value)}" for name, value in query)
    if parse(url).origin != base.origin:
        raise Blocked("the path leads to another host than the base URL")
    return url


def segment(value: str) -> str:
    """`value` encoded as ONE path segment: slashes too, so that order data cannot choose the resource."""
    encoded = quote(value, safe="")
    if encoded in ("", ".", ".."):
        raise Blocked("a path segment is empty or a dot segment")
    return encoded


def _encode(value: str) -> str:
    return quote(value, safe="-._~:,*()!'")
