from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path

import pytest

from hub.model.contract import CannotPrepare
from hub.notice import facts
from hub.notice.notices import LOOKED_AT_AGAIN, TemplateNotices
from hub.notice.sample import EVERY, FEW, sample
from hub.notice.view import KINDS

SHIPPED = TemplateNotices()


def with_template(folder: Path, name: str, text: str) -> TemplateNotices:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return TemplateNotices(folder)


def fault(folder: Path, text: str, name: str = "shipped.html", kind: str = "shipped") -> CannotPrepare:
    with pytest.raises(CannotPrepare) as caught:
        with_template(folder, name, text).preview(kind)
    return caught.value


def test_every_shipped_template_renders_with_many_facts_and_with_few() -> None:
    assert SHIPPED.check() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extent", [EVERY, FEW])
def test_a_letter_is_whole(kind: str, extent: str) -> None:
    letter = SHIPPED.render(kind, sample(kind, extent))
    assert letter.subject
    assert "\n" not in letter.subject
    assert sample(kind, extent)["order"]["label"] in letter.text + letter.subject
    assert letter.html.startswith("<!DOCTYPE html>")
    assert letter.html.rstrip().endswith("</html>")
    assert "None" not in letter.text
    assert "None" not in letter.html
    assert "\n\n\n" not in letter.text


def test_a_parcel_of_three_says_that_the_rest_follows_and_lists_only_its_own_lines() -> None:
    letter = SHIPPED.preview("shipped")
    assert "part of your order" in letter.text
    assert "(2 items)" in letter.text
    assert "teapot" in letter.text
    assert "Tumbler" not in letter.text
    whole = SHIPPED.render("shipped", sample("shipped") | {"remaining": 0})
    assert "part of" not in whole.text
    assert "a parcel of your order" in whole.text
    all_lines = [{"id": "line-1", "quantity": 1}, {"id": "line-2", "quantity": 2}]
    scope = sample("shipped") | {"remaining": 0}
    scope["parcel"] = scope["parcel"] | {"lines": all_lines}
    assert "your order #1017 has left" in SHIPPED.render("shipped", scope).text


def test_money_and_dates_are_written_the_buyers_way() -> None:
    scope = sample("confirmation") | {"locale": "de-DE"}
    letter = SHIPPED.render("confirmation", scope)
    assert "68,30\xa0£" in letter.text
    assert "12 March 2026" in letter.text
    yen = SHIPPED.render("confirmation", sample("confirmation", FEW))
    assert "¥1,000" in yen.text
    assert "1,000.00" not in yen.text


def test_the_language_of_the_buyer_chooses_the_folder(tmp_path: Path) -> None:
    notices = with_template(
        tmp_path,
        "de/shipped.txt",
        "{% extends 'layout.txt' %}{% block subject %}Unterwegs: {{ order.label }}{% endblock %}"
        "{% block body %}am {{ parcel.shipped_at | date }}{% endblock %}",
    )
    german = notices.render("shipped", sample("shipped") | {"locale": "de_AT"})
    assert german.subject == "Unterwegs: #1017"
    assert "13. März 2026" in german.text
    assert notices.preview("shipped").subject == SHIPPED.preview("shipped").subject


def test_a_merchants_template_wins_and_an_edit_counts_at_once(tmp_path: Path) -> None:
    notices = with_template(tmp_path, "refunded.html", "<p>{{ refund.amount | money }}</p>")
    assert notices.preview("refunded").html == "<p>£24.50</p>"
    with_template(tmp_path, "refunded.html", "<p>Back: {{ refund.amount | money }}</p>")
    assert notices.preview("refunded").html == "<p>Back: £24.50</p>"


def test_an_edit_counts_in_letters_within_a_second(tmp_path: Path) -> None:
    notices = with_template(tmp_path, "refunded.html", "<p>{{ refund.amount | money }}</p>")
    assert notices.render("refunded", sample("refunded")).html == "<p>£24.50</p>"
    with_template(tmp_path, "refunded.html", "<p>Back: {{ refund.amount | money }}</p>")
    end = time.monotonic() + 10 * LOOKED_AT_AGAIN
    while (letter := notices.render("refunded", sample("refunded"))).html == "<p>£24.50</p>":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert letter.html == "<p>Back: £24.50</p>"


def test_what_shoppers_wrote_is_escaped_and_never_run() -> None:
    scope = sample("confirmation")
    scope["order"]["buyer"]["first_name"] = "<script>alert(1)</script>{{7*7}}{% for %}"
    scope["order"]["line_items"][0]["item"]["title"] = "{{ ''.__class__.__mro__ }}\n\nFree\u2028gift\u202e"
    letter = SHIPPED.render("confirmation", scope)
    assert "<script>" not in letter.html
    assert "&lt;script&gt;" in letter.html
    assert "{{7*7}}" in letter.text
    assert "49" not in letter.text.split("{{7*7}}")[0]
    assert "__class__.__mro__ }} Free gift" in letter.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://", "https://a b", 'https://a/"><x', 7]
)
def test_only_plain_web_links_are_kept(url: object) -> None:
    scope = sample("shipped")
    scope["parcel"]["tracking_url"] = url
    letter = SHIPPED.render("shipped", scope)
    assert "Follow" not in letter.text
    assert "Follow" not in letter.html


def test_a_subject_with_a_line_break_is_refused(tmp_path: Path) -> None:
    text = "{% block subject %}For {{ order.label }}{{ '\\n' }}Bcc: all{% endblock %}"
    error = fault(tmp_path, text, "shipped.txt")
    assert "subject holds a line break" in error.what
    assert error.path.endswith("shipped.txt:1")


@pytest.mark.parametrize(
    ("text", "line", "what", "mend"),
    [
        ("a\n{{ order.lable }}", 2, "'order' has no 'lable'", "did you mean 'label'?"),
        ("a\nb\n{{ ordr.label }}", 3, "'ordr' is undefined", "did you mean 'order'?"),
        ("a\n{% if %}", 2, "Expected an expression", "close every"),
        ("{{ order.total | mony }}", 1, "No filter named 'mony'", "did you mean 'money'?"),
        ("x\n{{ order.label | money }}", 2, "no amount", "put it after an amount"),
        ("{{ order.total | date }}", 1, "no time", "_at"),
        ("{% include 'nothing.html' %}", 1, "there is no template 'nothing.html'", "name one that exists"),
        ("\n{{ ''.__class__ }}", 2, "not allowed", "leave it out"),
        ("{{ 9**9**9 }}", 1, "operator **", "leave it out"),
        ("{{ 'A' * 1000000000 }}", 1, "operator *", "leave it out"),
        ("{{ '%9999999d' % 1 }}", 1, "operator %", "leave it out"),
        ("{{ 'a'.ljust(99999999) }}", 1, "not allowed", "leave it out"),
        ("{{ '{0.__class__}'.format(order) }}", 1, "not allowed", "leave it out"),
        ("{% for i in range(9) %}{% endfor %}", 1, "'range' is undefined", "known here"),
        ("{{ order.label | safe }}", 1, "No filter named 'safe'", "known here"),
        ("{% autoescape false %}{{ order.label }}{% endautoescape %}", 1, "escaping", "remove"),
        ("{{ parcel.tracking_number.nothing }}", 1, "nothing", ""),
    ],
)
def test_a_faulty_template_names_its_place_and_mend(tmp_path: Path, text: str, line: int, what: str, mend: str) -> None:
    error = fault(tmp_path, text)
    assert what in error.what
    assert mend in error.mend
    assert error.path == f"{tmp_path / 'shipped.html'}:{line}"


def test_the_place_is_the_included_file_where_that_is_at_fault(tmp_path: Path) -> None:
    error = fault(tmp_path, "one\n{{ parcel.number }}", "tracking.html")
    assert error.path == f"{tmp_path / 'tracking.html'}:2"


def test_check_finds_all_faults_and_those_of_rare_branches(tmp_path: Path) -> None:
    with_template(tmp_path, "shipped.html", "{{ order.lable }}")
    with_template(
        tmp_path, "fr/cancelled.txt", "{% block subject %}x{% endblock %}\n{{ cancellation.refunded | money }}"
    )
    found = [str(problem) for problem in TemplateNotices(tmp_path).check()]
    assert len(found) == 2
    assert any("fr/cancelled.txt:2:1: 'money' was given something that is no amount" in text for text in found)


def test_a_letter_has_an_end(tmp_path: Path) -> None:
    body = "{% for a in order.sums %}{% for b in order.sums %}" + "x" * 60_000 + "{% endfor %}{% endfor %}"
    assert "longer than" in fault(tmp_path, body, "confirmation.html", "confirmation").what


@pytest.mark.parametrize(
    ("kind", "scope", "what"),
    [
        ("birthday", sample("shipped"), "no message 'birthday'"),
        ("shipped", {"order": sample("shipped")["order"]}, "needs 'parcel'"),
        ("refunded", sample("refunded") | {"refund": {"amount": "5"}}, "no amount"),
        ("shipped", sample("shipped") | {"order": {"id": "1"}}, "not a canonical order"),
    ],
)
def test_a_scope_that_does_not_fit_is_refused(kind: str, scope: dict[str, object], what: str) -> None:
    with pytest.raises(CannotPrepare, match=what):
        SHIPPED.render(kind, scope)


def test_the_manual_lists_every_fact(checkout: Path) -> None:
    manual = (checkout / "config/templates/README.md").read_text()
    rows = {row.split("|")[1].strip(): row for row in manual.splitlines() if row.startswith("|")}
    nouns = {facts.Shop: "`shop`", facts.Order: "`order`", facts.Buyer: "`buyer`", facts.Parcel: "`parcel`"}
    nouns |= {facts.Refund: "`refund`", facts.Cancellation: "`cancellation`"}
    nouns |= {facts.Line: "an entry of `lines`", facts.Sum: "an entry of `order.sums`"}
    for noun, row in nouns.items():
        assert all(f"`{field.name}`" in rows[row] for field in fields(noun)), row
