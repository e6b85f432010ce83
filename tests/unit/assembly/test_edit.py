"""A change to hub.yaml leaves every other byte alone, and what could not be read is never written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.assembly.edit import Page, edit, edited
from hub.language.document import loads
from hub.language.problem import Problems

OWNED = """\
# mine
hub:
  mail: null  # nobody yet
  payments: {}   # none

  # about the shop
  shop: {name: "Oak & Ash"}
routing:
    - method: pickup   # first
      when: "= true"
    # after the rules

# about connections
connections:
  one:
    connector: shopify
    settings:
      shop_domain: one.example   # the old one
      nothing:
    private_targets: [a, "b:1"]

    # the end of one
# the end
"""


def after(*steps: tuple[str, tuple[str, ...], Any]) -> str:
    page = Page(OWNED)
    for method, path, value in steps:
        getattr(page, method)(path, value)
    return page.text


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("hub", "mail"), "smtp", "mail: null  #", "mail: smtp  #"),
        (("hub", "payments", "stripe"), "pay", "payments: {}   # none\n", "payments:   # none\n    stripe: pay\n"),
        (("hub", "shop", "email"), "a@b.example", 'Ash"}', 'Ash", email: a@b.example}'),
        (("connections", "one", "mode"), "live", '"b:1"]\n', '"b:1"]\n    mode: live\n'),
        (("connections", "one", "settings", "nothing"), "017", "nothing:\n", 'nothing: "017"\n'),
        (("connections", "one", "settings", "count"), 3, "nothing:\n", "nothing:\n      count: 3\n"),
        (("connections", "two"), {"connector": "x"}, '"b:1"]\n', '"b:1"]\n  two:\n    connector: x\n'),
        (("connections", "one", "owners", "mail", "shipped"), "hub", '"b:1"]\n',
         '"b:1"]\n    owners:\n      mail:\n        shipped: hub\n'),
        (("connections", "one", "private_targets"), [], '[a, "b:1"]', "[]"),
        (("hub", "mode"), "observe", 'Ash"}\n', 'Ash"}\n  mode: observe\n'),
    ],
)  # fmt: skip
def test_only_the_named_place_changes(path: tuple[str, ...], value: Any, old: str, new: str) -> None:
    made = after(("put", path, value))
    assert OWNED.count(old) == 1
    assert made == OWNED.replace(old, new)
    found = loads(made).data
    for key in path:
        found = found[key]
    assert found == value


def test_a_list_grows_behind_its_last_entry() -> None:
    made = after(("append", ("routing",), {"method": "warehouse", "connection": "w", "when": "= a == 'b'"}))
    grown = "    - method: warehouse\n      connection: w\n      when: \"= a == 'b'\"\n"
    assert made == OWNED.replace('when: "= true"\n', 'when: "= true"\n' + grown)
    flow = after(("append", ("connections", "one", "private_targets"), "c"))
    assert '[a, "b:1", c]' in flow
    made = after(("append", ("connections", "one", "webhook", "secrets"), "${secret:x}"))
    assert loads(made).data["connections"]["one"]["webhook"] == {"secrets": ["${secret:x}"]}


def test_a_mapping_is_put_key_by_key() -> None:
    made = after(("put", ("connections", "one"), {"connector": "shopify", "settings": {"shop_domain": "two.example"}}))
    assert made == OWNED.replace("one.example", "two.example")


def test_a_block_gives_way_to_another_value() -> None:
    made = after(("put", ("connections", "one", "settings"), "x"))
    assert loads(made).data["connections"]["one"] == {
        "connector": "shopify", "settings": "x", "private_targets": ["a", "b:1"]
    }  # fmt: skip
    assert "# the end of one" in made


def test_an_empty_file_is_begun() -> None:
    page = Page("# nothing yet\n")
    page.put(("hub", "mail"), "smtp")
    assert loads(page.text).data == {"hub": {"mail": "smtp"}}
    assert page.text.startswith("# nothing yet\n")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(st.characters(codec="utf-8",
        exclude_categories=["Cc", "Cs"]), max_size=12).filter(lambda t: "\ufeff" not in t),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True),
        inner, max_size=3),
        max_leaves=8,
    )
)  # fmt: skip
def test_any_value_is_read_back_as_it_was_put(value: Any) -> None:
    page = Page(OWNED)
    page.put(("connections", "one", "settings", "made"), value)
    page.append(("many",), value)
    page.append(("many",), value)
    page.put(("hub", "payments"), {"x": value})
    data = loads(page.text).data
    assert data["connections"]["one"]["settings"]["made"] == value
    assert data["many"] == [value, value]
    assert data["hub"]["payments"] == {"x": value}
    assert data["connections"]["one"]["private_targets"] == ["a", "b:1"]


def test_what_could_not_be_read_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "hub.yaml"
    path.write_text(OWNED)
    path.chmod(0o640)
    with pytest.raises(Problems, match="is not one of the words"):
        edit(path, lambda page: page.put(("connections", "one", "mode"), "fast"))
    assert path.read_text() == OWNED
    assert edit(path, lambda page: page.put(("connections", "one", "mode"), "live"))
    assert path.stat().st_mode & 0o777 == 0o640
    assert not edit(path, lambda page: page.put(("connections", "one", "mode"), "live"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["hub.yaml"]


def test_the_shipped_manual_can_be_filled(checkout: Path) -> None:
    manual = (checkout / "config" / "hub.yaml").read_text()

    def change(page: Page) -> None:
        page.put(("connections", "shop"), {"connector": "shopify", "secrets": {"token": "${secret:shop/token}"}})
        page.put(("hub", "public_url"), "https://hub.example.com")
        page.append(("routing",), {"method": "warehouse", "connection": "w"})
        page.append(("routing",), {"method": "self", "connection": "c"})
        page.put(("hub", "shop"), {"name": "Oak & Ash"})

    made = edited(manual, change)
    assert [line for line in manual.splitlines() if line.lstrip().startswith("#")] == [
        line for line in made.splitlines() if line.lstrip().startswith("#")
    ]
    assert [rule["method"] for rule in loads(made).data["routing"]] == ["warehouse", "self"]
