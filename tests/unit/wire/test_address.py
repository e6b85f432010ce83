"""The guard: which URLs and addresses may be called at all."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from hub.wire.address import join, parse, segment
from hub.wire.call import Blocked, NotSent, Request
from hub.wire.http import HttpTransport
from hub.wire.policy import Policy

PUBLIC = "93.184.216.34"
RECIPES = {
    '{base_url} + order field "@127.0.0.1/"',
    '{base_url} + path "//evil.example"',
    '{base_url} + path "/../../admin"',
    "302 from allowed host -> http://169.254.169.254/",
    "307 POST redirect -> other host (Authorization must not follow)",
    "DNS: first answer 203.0.113.5, second 127.0.0.1 (TTL 0)",
    "DNS: A 203.0.113.5 + AAAA ::1",
    "CNAME -> metadata.google.internal",
    "Proxy env var HTTP_PROXY set by manifest",
}
NAMES = {"localtest.me": ["127.0.0.1"], "127.0.0.1.nip.io": ["127.0.0.1"], "good.example": [PUBLIC]}


def resolver(host: str, port: int) -> list[str]:
    return NAMES.get(host, [PUBLIC])


def test_no_target_of_the_corpus_is_called(shared: Path, monkeypatch: pytest.MonkeyPatch):
    lines = (shared / "corpora/attacks/ssrf_targets.tsv").read_text(encoding="utf-8").splitlines()[1:]
    targets = [line.split("\t")[0] for line in lines]
    assert len(targets) >= 70
    monkeypatch.setattr("hub.wire.http.dial", lambda *a: pytest.fail("a connection was opened"))
    for target in targets:
        if target in RECIPES:
            continue  # each has a test of its own below, or among the transport's
        for spelling in {
            target,
            codecs.decode(target.encode("utf-8"), "unicode_escape") if "\\t" in target else target,
        }:
            for url in {spelling, spelling.replace("http://", "https://")}:
                with pytest.raises(Blocked):
                    HttpTransport(Policy(resolver=resolver)).send(Request("GET", url))


@pytest.mark.parametrize(
    "answers",
    [
        [PUBLIC, "::1"], ["::1", PUBLIC], [PUBLIC, "10.0.0.1"], ["::ffff:10.0.0.1"], ["64:ff9b::a9fe:a9fe"],
        ["2002:7f00:1::"], ["2001:0:a9fe:a9fe::"], ["168.63.129.16"], ["fe80::1%eth0"], ["169.254.169.254"],
        ["not an address"],
    ],
)  # fmt: skip
def test_one_bad_address_refuses_the_name(answers):
    with pytest.raises(Blocked):
        Policy(resolver=lambda host, port: answers).addresses(parse("https://rebind.example/"))


def test_the_address_that_was_judged_is_the_one_connected_to(monkeypatch):
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    dialled = []

    def dial(target, addresses, ca_file, deadline):
        dialled.append(addresses)
        raise NotSent("no network in this test")

    monkeypatch.setattr("hub.wire.http.dial", dial)
    with pytest.raises(NotSent):
        HttpTransport(Policy(resolver=lambda host, port: next(answers))).send(Request("GET", "https://rebind.example/"))
    assert dialled == [[PUBLIC]]


def test_public_addresses_pass():
    policy = Policy(resolver=lambda host, port: [PUBLIC, "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
    assert policy.addresses(parse("https://api.example/")) == [PUBLIC, "2606:2800:220:1::1", "64:ff9b::5db8:d822"]


def test_private_targets_are_allowed_by_name_alone():
    policy = Policy(
        private_targets=frozenset({"127.0.0.1:9000", "shop.lan", "[::1]"}), resolver=lambda h, p: ["10.0.0.5"]
    )
    assert policy.addresses(parse("http://127.0.0.1:9000/")) == ["127.0.0.1"]
    assert policy.addresses(parse("http://shop.lan:81/")) == ["10.0.0.5"]
    assert policy.addresses(parse("http://[::1]:5/")) == ["::1"]
    for url in ("http://127.0.0.1:9001/", "http://127.0.0.2:9000/", "https://other.lan/", "https://public.example/"):
        with pytest.raises(Blocked):
            policy.addresses(parse(url))


def test_metadata_addresses_are_refused_even_by_name():
    policy = Policy(
        private_targets=frozenset({"169.254.169.254", "meta.example"}), resolver=lambda h, p: ["fd00:ec2::254"]
    )
    for url in ("http://169.254.169.254/", "http://meta.example/"):
        with pytest.raises(Blocked):
            policy.addresses(parse(url))


@pytest.mark.parametrize(
    "path", ["@127.0.0.1/", "//evil.example", "/../../admin", "/a/%2e%2e/b", "/a?b=c", "/a#b", "", "/a b"]
)
def test_a_path_cannot_leave_its_base(path):
    with pytest.raises(Blocked):
        join("https://api.example/v1", path)


def test_paths_and_queries_are_joined_and_encoded():
    url = join("https://api.example/v1/", f"/orders/{segment('a/../b?c')}", (("q", "metadata['x']:'1&2'"), ("é", "+ ")))
    assert url == "https://api.example/v1/orders/a%2F..%2Fb%3Fc?q=metadata%5B'x'%5D:'1%262'&%C3%A9=%2B%20"
    for bad in ("", ".", ".."):
        with pytest.raises(Blocked):
            segment(bad)


def test_the_host_header_carries_an_unusual_port_alone():
    assert parse("https://API.example:443/").authority == "api.example"
    assert parse("https://api.example:8443/x?y").authority == "api.example:8443"
    assert parse("http://[2606:2800:0::1]/").authority == "[2606:2800::1]"


@pytest.mark.parametrize(
    "address",
    ["2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "64:ff9b:1::a9fe:a9fe", "::a9fe:a9fe", "2001:0:808:808::5601:5601"],
)
def test_no_wrapping_leads_to_the_metadata_of_the_machine(address: str):
    """They are not public, but a connection may allow private targets by name, and these never."""
    policy = Policy(private_targets=frozenset({"shop.example"}), resolver=lambda host, port: [address])
    with pytest.raises(Blocked, match="metadata"):
        policy.addresses(parse("https://shop.example/"))
