"""Where a call may go: no URL and no resolver's answer leads to an address inside, told by arithmetic of our own."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from hub.wire.address import join, parse, segment
from hub.wire.call import Blocked, NotSent, header_fault
from hub.wire.policy import Policy
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.target import Target, expect

PUBLIC = "93.184.216.34"
# (network, what it is), by number, so that no list of the standard library or of ours is asked.
_INSIDE_4 = (
    ("0.0.0.0", 8), ("10.0.0.0", 8), ("100.64.0.0", 10), ("127.0.0.0", 8), ("169.254.0.0", 16), ("172.16.0.0", 12),
    ("192.0.0.0", 24), ("192.168.0.0", 16), ("198.18.0.0", 15), ("224.0.0.0", 4), ("240.0.0.0", 4),
    ("168.63.129.16", 32),
)  # fmt: skip
_NEVER_4 = (("169.254.0.0", 16), ("168.63.129.16", 32), ("100.100.100.200", 32), ("192.0.0.192", 32))
_INSIDE_6 = (
    ("::", 96),
    ("fe80::", 10),
    ("fc00::", 7),
    ("ff00::", 8),
    ("fec0::", 10),
    ("64:ff9b:1::", 48),
    ("2001::", 32),
    ("2002::", 16),
)
_SEEDS = (
    "https://api.example/v1/x?y=1", "http://127.0.0.1/", "https://127.1/", "https://0x7f000001/",
    "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://good.example@127.0.0.1/", "https://good.example\\@127.0.0.1/", "https://good.example#@127.0.0.1/",
    "https://127.0.0.1%2f.good.example/", "https://localhost./", "https://①②⑦.⓪.⓪.①/", "https://[fe80::1%25eth0]/",
    "//127.0.0.1/", "https:127.0.0.1", "file:///etc/passwd", "https://good.example:22/", "https://good.example:0443/",
    "https://xn--e1afmkfd.example/", "https://a.b.c.d.e:443", "https://93.184.216.34:8443/?", "https://[::1]",
)  # fmt: skip
_PIECES = (
    b"https://", b"http://", b"@", b":", b"/", b"\\", b"#", b"?", b"%2f", b"%00", b".", b"..", b"[", b"]", b"::",
    b"::ffff:", b"127.0.0.1", b"0x7f", b"017700000001", b"localhost", b".internal", b"good.example", b"64:ff9b::",
    b"2002:", b"a9fe:a9fe", b":443", b"169.254.169.254", b"%25eth0",
)  # fmt: skip


def check(data: bytes) -> None:
    draw = Draw(data)
    kind = draw.below(3)
    (_check_url, _check_resolver, _check_join)[kind](draw)


def _check_url(draw: Draw) -> None:
    """What may be called is called at a public address, and the standard library reads the same host in it."""
    url = draw.rest().decode("utf-8", "replace")
    target = parse(url)
    parts = urlsplit(url)
    seen = (parts.hostname or "").lower()
    expect(target.host in (seen, _compressed(seen)), f"another reader sees {seen!r}")
    expect(parts.username is None and parts.scheme == target.scheme, "another reader sees a user or another scheme")
    expect((parts.port or {"http": 80, "https": 443}[target.scheme]) == target.port, "another reader sees another port")
    expect(header_fault("Host", target.authority) is None, "the Host header is none")
    expect(all("!" <= sign <= "~" for sign in target.resource), "the request line is none")
    expect(
        parse(f"{target.scheme}://{target.authority}{target.resource}") == target, "taken apart and joined it differs"
    )
    for address in Policy(resolver=lambda host, port: [PUBLIC]).addresses(target):
        _expect_outside(address)


def _check_resolver(draw: Draw) -> None:
    """Of several addresses one bad one is enough; the metadata services are out of reach even where it is allowed."""
    addresses = [_address(draw) for _ in range(1 + draw.below(3))]
    named = draw.byte() % 2 == 1
    policy = Policy(frozenset({"shop.example"}) if named else frozenset(), resolver=lambda host, port: addresses)
    for address in policy.addresses(parse("https://shop.example/")):
        if named:
            expect(not _reaches(address, _NEVER_4), f"{address} leads to a metadata service")
        else:
            _expect_outside(address)


def _check_join(draw: Draw) -> None:
    """Neither a path nor a query leads away from the base."""
    base = draw.pick(
        ("https://api.example", "https://api.example/v1", "https://api.example:8443/v1/", "https://93.184.216.34")
    )
    path = draw.text(30) if draw.byte() % 2 else "/orders/" + segment(draw.text(20))
    url = join(base, path, ((draw.text(10), draw.text(20)),) if draw.byte() % 2 else ())
    parts, ground = urlsplit(url), urlsplit(base)
    expect((parts.scheme, parts.netloc) == (ground.scheme, ground.netloc), "it leads to another host")
    expect(parts.path.startswith(ground.path.rstrip("/") + "/"), "it leads out of the base's path")
    expect(not {".", ".."} & set(parts.path.replace("%2e", ".").replace("%2E", ".").split("/")), "the path climbs")


def _address(draw: Draw) -> str:
    kind = draw.below(6)
    four = draw.pick(
        ("127.0.0.1", "169.254.169.254", "10.0.0.1", "8.8.8.8", PUBLIC, "100.100.100.200", "224.0.0.1", "0.0.0.0")
    )
    number = int(ipaddress.IPv4Address(four))
    if kind == 0:
        return four
    if kind == 1:
        return str(ipaddress.IPv4Address(draw.take(4).ljust(4, b"\0")))
    if kind == 2:
        return str(ipaddress.IPv6Address(draw.take(16).rjust(16, b"\0")))
    if kind == 3:
        front = draw.pick((0xFFFF << 32, 0x64FF9B << 96, 0, 0x64FF9B0001 << 80))
        return str(ipaddress.IPv6Address(front | number))
    if kind == 4:
        return str(ipaddress.IPv6Address(0x2002 << 112 | number << 80 | draw.byte()))
    return str(ipaddress.IPv6Address(0x20010000 << 96 | number << 64 | (draw.byte() << 32) | (number ^ 0xFFFFFFFF)))


def _expect_outside(address: str) -> None:
    expect(not _reaches(address, _INSIDE_4), f"{address} is inside")
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and int(found) >> 32 != 0xFFFF:
        for network, bits in _INSIDE_6:
            expect(
                int(found) >> (128 - bits) != int(ipaddress.IPv6Address(network)) >> (128 - bits),
                f"{address} is inside",
            )


def _reaches(address: str, networks: tuple[tuple[str, int], ...]) -> bool:
    """Whether packets to `address` may end in one of the networks: every IPv4 address that it is or carries counts."""
    found = ipaddress.ip_address(address)
    numbers = [int(found)]
    if isinstance(found, ipaddress.IPv6Address):
        number = int(found)
        numbers = (
            [number & 0xFFFFFFFF]
            if number >> 32 in (0, 0xFFFF) or number >> 96 == 0x64FF9B or number >> 80 == 0x64FF9B0001
            else []
        )
        if number >> 112 == 0x2002:
            numbers.append(number >> 80 & 0xFFFFFFFF)
        if number >> 96 == 0x20010000:
            numbers += [number >> 64 & 0xFFFFFFFF, (number & 0xFFFFFFFF) ^ 0xFFFFFFFF]
    return any(
        n >> (32 - bits) == int(ipaddress.IPv4Address(net)) >> (32 - bits) for n in numbers for net, bits in networks
    )


def _compressed(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""


def seeds() -> list[bytes]:
    urls = [b"\x00" + url.encode() for url in _SEEDS]
    answers = [
        bytes([1, count, kind, four, named, 0])
        for count in (0, 2)
        for kind in range(6)
        for four in range(8)
        for named in (0, 1)
    ]
    paths = [
        b"\x02\x01\x01" + bytes([len(path)]) + path.encode()
        for path in ("//evil.example", "/../admin", "/a/%2e%2e/b", "@127.0.0.1/", "/a?b")
    ]
    return urls + answers + paths


TARGET = Target("address", "URLs, resolvers' answers and joined paths", check, (Blocked, NotSent), seeds, _PIECES, 256)
