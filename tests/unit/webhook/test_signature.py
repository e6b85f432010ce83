from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.webhook import secret
from hub.webhook.secret import SecretForm, UnusableSecret
from hub.webhook.signature import FAMILIES, MAX_SIGNATURES, Scheme, judge_time
from hub.webhook.verdict import Reason

NOW = 1_790_000_000
BODY = b'{"id": 7001, "note": "two \xc3\xa9clairs"}'
OLD, NEW = b"a key that is being retired", b"a key that replaces it"


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def base64_of(key: bytes, message: bytes) -> str:
    return b64encode(mac(key, message)).decode()


def stripe(key: bytes, body: bytes = BODY, at: object = NOW) -> str:
    return f"t={at},v1={mac(key, f'{at}.'.encode() + body).hex()}"


def standard(key: bytes, body: bytes = BODY, at: object = NOW, name: str = "msg_1") -> tuple[str, str, str]:
    return f"v1,{base64_of(key, f'{name}.{at}.'.encode() + body)}", name, str(at)


def signed(family: Scheme, key: bytes, body: bytes = BODY) -> tuple[str, ...]:
    if family == "stripe_v1":
        return (stripe(key, body),)
    if family == "standard_webhooks":
        return standard(key, body)
    if family == "easypost":
        return (f"hmac-sha256-hex={mac(key, body).hex()}",)
    return (base64_of(key, body),)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("key", [OLD, NEW])
def test_any_active_key_verifies(family: Scheme, key: bytes) -> None:
    assert FAMILIES[family].verify([NEW, OLD], BODY, signed(family, key), NOW) is Reason.VERIFIED


@pytest.mark.parametrize("family", FAMILIES)
def test_a_retired_key_does_not(family: Scheme) -> None:
    assert FAMILIES[family].verify([NEW], BODY, signed(family, OLD), NOW) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b"\n", b"\xef\xbb\xbf" + BODY, BODY.replace(b": ", b":")])
def test_every_byte_counts(family: Scheme, body: bytes) -> None:
    assert FAMILIES[family].verify([NEW], body, signed(family, NEW), NOW) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe", b"x" * 300_000])
def test_bytes_need_not_be_text(family: Scheme, body: bytes) -> None:
    assert FAMILIES[family].verify([NEW], body, signed(family, NEW, body), NOW) is Reason.VERIFIED


@pytest.mark.parametrize("family", FAMILIES)
def test_no_key_verifies_nothing(family: Scheme) -> None:
    assert not FAMILIES[family].verify([], BODY, signed(family, b""), NOW).verified


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_any_text_is_answered_and_none_verifies(family: Scheme, data: st.DataObject) -> None:
    values = tuple(data.draw(st.text(max_size=200)) for _ in FAMILIES[family].roles)
    assert not FAMILIES[family].verify([NEW], BODY, values, NOW).verified


@pytest.mark.parametrize(
    ("age", "reason"),
    [(300, None), (301, Reason.TIMESTAMP_STALE), (-300, None), (-301, Reason.TIMESTAMP_FUTURE), (0, None)],
)
def test_the_window_has_two_sides(age: int, reason: Reason | None) -> None:
    assert judge_time(str(NOW - age), NOW) is reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1_0",
        "1.0",
        "1e9",
        "nan",
        "0x1",
        "1\n",
        "１７９００００００００",
        "1" * 12,
        "1" * 5000,
    ],
)
def test_only_ascii_digits_are_a_time(text: str) -> None:
    assert judge_time(text, NOW) is Reason.TIMESTAMP_MALFORMED


def test_stripe_reads_any_number_of_schemes_but_one_time() -> None:
    verify = FAMILIES["stripe_v1"].verify
    good = stripe(NEW)
    assert verify([NEW], BODY, (good + ",v0=00,odd",), NOW) is Reason.VERIFIED
    assert verify([NEW], BODY, (good.replace(",", ",v1=00,"),), NOW) is Reason.VERIFIED
    assert verify([NEW], BODY, (f"t=1,{good}",), NOW) is Reason.TIMESTAMP_MALFORMED
    assert verify([NEW], BODY, (good.partition(",")[2],), NOW) is Reason.TIMESTAMP_MALFORMED
    assert verify([NEW], BODY, (good.replace("v1", "v0"),), NOW) is Reason.SIGNATURE_MALFORMED
    assert verify([NEW], BODY, (good.replace("v1=", "v1=" + " "),), NOW) is Reason.SIGNATURE_MISMATCH


def test_sixteen_signatures_are_looked_at_and_no_more() -> None:
    stripe_good, (standard_good, *rest) = stripe(NEW), standard(NEW)
    for count, reason in ((MAX_SIGNATURES - 1, Reason.VERIFIED), (MAX_SIGNATURES, Reason.SIGNATURES_TOO_MANY)):
        many = stripe_good + ",v1=00" * count
        assert FAMILIES["stripe_v1"].verify([NEW], BODY, (many,), NOW) is reason
        many = "v1,AA= " * count + standard_good
        assert FAMILIES["standard_webhooks"].verify([NEW], BODY, (many, *rest), NOW) is reason


@pytest.mark.parametrize("name", ["", "msg.1", "msg 1", "a,b", "m\n", "é", "x" * 256])
def test_a_message_id_cannot_shift_the_signed_fields(name: str) -> None:
    assert FAMILIES["standard_webhooks"].verify([NEW], BODY, standard(NEW, name=name), NOW) is Reason.ID_MALFORMED


@pytest.mark.parametrize("change", ["{0},{0}", "{0} ", "={0}", "{0}=", "", "é" * 44])
def test_base64_is_read_strictly(change: str) -> None:
    values = (change.format(base64_of(NEW, BODY)),)
    assert FAMILIES["hmac_base64_body"].verify([NEW], BODY, values, NOW) is Reason.SIGNATURE_MALFORMED


def test_another_spelling_of_the_same_base64_is_refused() -> None:
    good = base64_of(NEW, BODY)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = good[:42] + alphabet[alphabet.index(good[42]) ^ 1] + "="
    assert FAMILIES["hmac_base64_body"].verify([NEW], BODY, (twin,), NOW) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    ("form", "typed", "key"),
    [
        ("text", "a&amp;b ", b"a&amp;b "),
        ("wordpress", "a&amp;b&lt;c&gt;d&quot;e&#039;f", b"a&b<c>d\"e'f"),
        ("wordpress", "&#39;&#0000038;&#x27;&#X0026;&#034;", b"'&'&\""),
        ("wordpress", "&amp;lt;", b"&lt;"),
        ("wordpress", "&copy;&#65;&ampx & ;", b"&copy;&#65;&ampx & ;"),
        ("nfkd", "se\u0301cret", "se\u0301cret".encode()),
        ("nfkd", "s\u00e9cret", "se\u0301cret".encode()),
        ("base64", "whsec_QUJD", b"ABC"),
        ("base64", "QUJD", b"ABC"),
    ],
)
def test_secret_forms(form: SecretForm, typed: str, key: bytes) -> None:
    assert secret.key(form, typed) == key


@pytest.mark.parametrize(
    ("form", "typed"), [("text", ""), ("wordpress", ""), ("base64", "whsec_"), ("base64", "no!"), ("base64", "é")]
)
def test_unusable_secrets_are_refused_without_being_quoted(form: SecretForm, typed: str) -> None:
    with pytest.raises(UnusableSecret) as caught:
        secret.key(form, typed)
    assert not typed or typed not in str(caught.value).replace("whsec_ ", "")
