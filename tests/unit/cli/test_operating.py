"""The operator's commands, on an installation full of invented orders."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.assembly.home import Home
from hub.assembly.hub import Hub, open_hub
from hub.model.book import Book
from hub.model.flow import State
from tests.unit.cli.installed import SECRET, answer, column, installation, run
from tests.unit.store.hand import NOW

LABEL = "fulfil-order/label/group:self-easypost-1"
WAREHOUSE = "fulfil-order/warehouse/group:warehouse-shipbob-de-1"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """For commands that only look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*SECRET)
        yield installation(tmp_path_factory.mktemp("untouched"))


@pytest.fixture
def hub_home(untouched: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """For commands that decide."""
    monkeypatch.setenv(*SECRET)
    shutil.copytree(untouched.folder, tmp_path / "hub")
    return Home(tmp_path / "hub")


def opened(home: Home) -> Hub:
    return open_hub(home.folder, threaded=False)


def state(home: Home, key: str, step: str) -> State:
    hub = opened(home)
    book = hub.store.read(key)
    hub.close()
    assert book is not None
    return book.steps[step].state


# --- looking


def test_attention_tells_each_need_with_its_command_and_ends_with_one(untouched: Home) -> None:
    told = run(untouched, "attention")
    assert told.exit_code == 1
    assert "crossdock resume shipbob-de" in told.stdout
    assert "“Product with reference id TRAY-ASH does not exist in this channel.”" in told.stdout
    assert "11 things wait for a person." in told.stdout
    assert all(line == line.rstrip() for line in told.stdout.splitlines())


def test_attention_as_json_and_in_silence(untouched: Home) -> None:
    needs = answer(untouched, "attention", code=1)["needs"]
    assert len(needs) == 11
    assert {"code", "words", "action", "at_stake", "due_at"} <= needs[0].keys()
    quiet = run(untouched, "attention", "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (1, "")


def test_attention_of_a_hub_at_peace_ends_with_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*SECRET)
    home = installation(tmp_path / "calm", filled=False)
    told = run(home, "attention")
    assert (told.exit_code, told.stdout.strip()) == (0, "✓ Nothing waits for a person.")


def test_orders_are_listed_by_state_connection_and_text(untouched: Home) -> None:
    assert column(answer(untouched, "orders", "list", "--state", "parked")["orders"], "label") == ["#1050"]
    both = answer(untouched, "orders", "list", "--state", "held", "--state", "dead", "--connection", "woo-outlet")
    assert set(column(both["orders"], "label")) == {"#880", "#879"}
    first = answer(untouched, "orders", "list", "--limit", "5")
    second = answer(untouched, "orders", "list", "--limit", "5", "--after", first["next"])
    assert not set(column(first["orders"], "key")) & set(column(second["orders"], "key"))
    assert "#1050" in run(untouched, "orders", "list", "--search", "1050").stdout
    assert "No such order" in run(untouched, "orders", "list", "--search", "nothing").stdout


@pytest.mark.parametrize("named", ["shop-eu:5450", "#1050", "1050", "5450"])
def test_an_order_may_be_named_as_a_person_would(untouched: Home, named: str) -> None:
    found = answer(untouched, "orders", "show", named)
    assert (found["key"], found["state"]) == ("shop-eu:5450", "parked")
    assert column(found["needs"], "code") == ["absent"]


def test_a_name_of_no_order_is_refused_with_a_way_on(untouched: Home) -> None:
    told = run(untouched, "orders", "show", "4")
    assert told.exit_code == 1
    assert "crossdock orders list --search 4" in told.stderr


def test_an_orders_steps_are_shown_in_the_order_they_began(untouched: Home) -> None:
    told = run(untouched, "orders", "show", "#1050").stdout
    assert told.index("payment/order") < told.index("capture/payment") < told.index("label/group")
    assert "Not found, but not certain" in told


def test_a_timeline_says_when_where_and_with_which_key(untouched: Home) -> None:
    told = run(untouched, "orders", "timeline", "#1051").stdout
    assert "2026-05-12 08:20:10  ✓ Capture a payment: done  stripe-main" in told
    assert "key o4mhby" in told and "id pi_35451Kq" in told
    found = answer(untouched, "orders", "timeline", "#1051")
    assert found["timeline"][-1]["kind"] == "planned"


def test_steps_by_the_way_they_stand_still(untouched: Home) -> None:
    assert answer(untouched, "steps", "parked")["steps"][0]["order"] == "shop-eu:5450"
    refused = answer(untouched, "steps", "refused")["steps"]
    assert refused[0]["step"]["cause"] == "refused"
    assert len(answer(untouched, "steps", "held", "--connection", "easypost")["steps"]) == 1
    assert "woo-outlet:880" in run(untouched, "steps", "dead").stdout
    assert run(untouched, "steps", "done").exit_code == 2


def test_messages_are_listed_and_shown_without_what_is_private(untouched: Home) -> None:
    assert column(answer(untouched, "messages", "list", "--state", "held")["messages"], "id") == [4, 3, 2]
    told = run(untouched, "messages", "show", "1").stdout
    assert "mathilde@example.org" not in told and "[REDACTED]" in told
    shown = answer(untouched, "messages", "show", "2")
    assert shown["detail"]["problems"][0]["path"] == "currency"
    assert run(untouched, "messages", "show", "99").exit_code == 1


def test_a_conflict_is_listed_shown_and_says_where_the_bodies_differ(untouched: Home) -> None:
    assert column(answer(untouched, "messages", "list", "--conflicts")["messages"], "id") == [5]
    told = run(untouched, "messages", "show", "5").stdout
    assert "Same number, other content" in told and "crossdock messages accept 5" in told
    assert "it differs in currency" in told


def test_a_messages_bytes_can_be_had_on_purpose(untouched: Home) -> None:
    told = run(untouched, "messages", "show", "1", "--raw")
    assert told.stdout_bytes == b'{"id": 5452, "name": "#1052", "currency": "EUR", "email": "mathilde@example.org"}'


# --- deciding


def test_a_replay_without_yes_only_shows_the_plan(hub_home: Home) -> None:
    planned = answer(hub_home, "replay", "#1049")
    assert planned["executed"] is False
    assert {line["step"]: line["verdict"] for line in planned["plan"]}[WAREHOUSE] == "will do"
    told = run(hub_home, "replay", "#1049")
    assert told.exit_code == 0 and "Add --yes to do it." in told.stdout
    assert state(hub_home, "shop-eu:5449", WAREHOUSE) is State.REJECTED


def test_a_replay_does_what_its_plan_said(hub_home: Home) -> None:
    done = answer(
        hub_home, "replay", "#1049", "--step", WAREHOUSE, "--yes", "--why", "the SKU is mapped", "--actor", "ana"
    )
    assert (done["executed"], done["moved"]) == (True, [WAREHOUSE])
    assert state(hub_home, "shop-eu:5449", WAREHOUSE) is State.READY
    told = answer(hub_home, "orders", "timeline", "#1049")["timeline"]
    assert [(entry["actor"], entry["more"]) for entry in told if entry["actor"] == "ana"] == [
        ("ana", "the SKU is mapped")
    ]


def test_a_replay_of_what_is_done_says_that_there_was_nothing_to_do(hub_home: Home) -> None:
    told = run(hub_home, "replay", "#1037", "--yes", "--why", "x")
    assert told.exit_code == 1 and "nothing to do" in told.stdout


def test_a_decision_needs_a_reason(hub_home: Home) -> None:
    for words in (("replay", "#1049"), ("release", "#1048"), ("cancel", "#1047"), ("refund", "#1037", "1.00")):
        told = run(hub_home, *words, "--yes")
        assert told.exit_code == 2 and "needs a reason" in told.stderr
    assert state(hub_home, "shop-eu:5449", WAREHOUSE) is State.REJECTED


def test_a_release_approves_the_order(hub_home: Home) -> None:
    done = answer(hub_home, "release", "#1048", "--yes", "--why", "called the buyer")
    assert done["plan"][0]["verdict"] == "will do"
    assert state(hub_home, "shop-eu:5448", done["moved"][0]) is State.READY


def test_a_doubt_is_resolved_with_the_providers_id(hub_home: Home) -> None:
    assert run(hub_home, "resolve", "#1050", LABEL, "happened", "--yes", "--why", "x").exit_code == 2
    assert run(hub_home, "resolve", "#1050", LABEL, "did-not", "shp_1", "--yes", "--why", "x").exit_code == 2
    assert answer(hub_home, "resolve", "#1050", LABEL, "did-not")["executed"] is False
    told = run(hub_home, "resolve", "#1050", LABEL, "happened", "shp_88", "--yes", "--why", "seen")
    assert told.exit_code == 0 and "our reference there" in told.stdout and "12.40 EUR" in told.stdout
    assert state(hub_home, "shop-eu:5450", LABEL) is State.DONE
    again = run(hub_home, "resolve", "#1050", LABEL, "abandon", "--yes", "--why", "x")
    assert again.exit_code == 1 and "done" in again.stderr


def test_what_is_decided_about_says_what_differs(hub_home: Home) -> None:
    hub = opened(hub_home)

    def differ(book: Book) -> None:
        step = book.steps[LABEL]
        step.cause = "unlike"
        step.detail = {
            "intended": {"amount": 1240, "currency": "EUR"},
            "differs": [{"id": "shp_9", "field": "amount", "intended": 1240, "found": 990}],
        }

    hub.store.change("shop-eu:5450", differ, NOW)
    hub.close()
    asked = run(hub_home, "resolve", "#1050", LABEL, "did-not", "--why", "asked")
    assert "differs from what was sent" in asked.output
    assert "shp_9: amount: we meant 12.40 EUR, it has 9.90 EUR" in asked.output
    needs = answer(hub_home, "attention", code=1)["needs"]
    assert "shp_9: amount: we meant 12.40 EUR, it has 9.90 EUR" in column(needs, "said")
    (row,) = answer(hub_home, "steps", "parked")["steps"]
    assert row["said"] and row["words"].startswith("easypost has something under our reference")


def test_history_is_adopted_only_on_purpose(hub_home: Home) -> None:
    assert answer(hub_home, "adopt", "#711")["executed"] is False
    assert answer(hub_home, "orders", "show", "#711")["disposition"] == "history"
    done = answer(hub_home, "adopt", "#711", "--yes", "--why", "never left the old system")
    assert done["result"] == "active"
    assert run(hub_home, "adopt", "#711", "--yes", "--why", "again").exit_code == 1


def test_an_order_is_cancelled_once(hub_home: Home) -> None:
    assert answer(hub_home, "cancel", "#1047", "--yes", "--why", "the buyer wrote")["executed"]
    again = run(hub_home, "cancel", "#1047", "--yes", "--why", "again")
    assert again.exit_code == 1 and "being cancelled already" in again.stderr


def test_money_is_refunded_to_the_cent_and_never_more_than_there_is(hub_home: Home) -> None:
    done = answer(hub_home, "refund", "#1037", "12.90", "--line", "l1=1", "--yes", "--why", "arrived broken")
    assert (done["amount"], done["currency"]) == (1290, "EUR")
    assert run(hub_home, "refund", "#1037", "9999", "--yes", "--why", "x").exit_code == 1
    for amount in ("1.005", "ten", "NaN", "1e99"):
        assert run(hub_home, "refund", "#1037", amount, "--yes", "--why", "x").exit_code == 2
    assert run(hub_home, "refund", "#1037", "1.00", "--line", "l1", "--yes", "--why", "x").exit_code == 2
    hub = opened(hub_home)
    book = hub.store.read("shop-eu:5399") if hub.views.knows("shop-eu:5399") else None
    hub.close()
    assert book is not None
    runs = [run for run in book.runs.values() if run.flow == "refund-order"]
    assert [(run.inputs["amount"], run.inputs["lines"]) for run in runs] == [(1290, [{"id": "l1", "quantity": 1}])]


def test_messages_are_released_by_number_or_by_cause(hub_home: Home) -> None:
    assert run(hub_home, "messages", "release", "--why", "x").exit_code == 2
    words = ("messages", "release", "--connection", "shop-eu", "--cause", "unmappable", "--why", "mapping mended")
    assert answer(hub_home, *words)["released"] == 2
    assert answer(hub_home, *words, code=1)["released"] == 0
    assert answer(hub_home, "messages", "release", "4", "--why", "mapping added")["released"] == 1


def test_a_conflict_is_judged_once(hub_home: Home) -> None:
    assert answer(hub_home, "messages", "accept", "5", "--why", "the first is right")["judged"] == 1
    assert answer(hub_home, "messages", "accept", "5", "--why", "again", code=1)["judged"] == 0


def test_every_decision_is_on_record_with_who_took_it(hub_home: Home) -> None:
    answer(hub_home, "release", "#1048", "--yes", "--why", "one", "--actor", "ana")
    answer(hub_home, "messages", "accept", "5", "--why", "two", "--actor", "ben")
    hub = opened(hub_home)
    rows = hub.store.readers.tx().all("SELECT actor, action, detail FROM audit ORDER BY id DESC LIMIT 2")
    hub.close()
    assert [(row["actor"], row["action"]) for row in rows] == [("ben", "conflict seen"), ("ana", "release")]
