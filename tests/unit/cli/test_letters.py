"""Every letter in doubt at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.assembly.home import Home
from hub.assembly.hub import open_hub
from hub.model.book import Book
from hub.model.effect import key_of, reference_of
from hub.model.flow import State
from hub.model.step import Effect, Step
from tests.unit.cli.installed import SECRET, answer, column, installation, run
from tests.unit.store.hand import NOW


@pytest.fixture
def hub_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(*SECRET)
    return installation(tmp_path / "hub")


def doubtful_letters(home: Home, count: int) -> list[str]:
    """So many parked letters of one order; their keys."""
    hub, keys = open_hub(home.folder, threaded=False), list[str]()

    def park(book: Book) -> None:
        for number in range(count):
            name = f"fulfil-order/letter-{number}/order"
            step = Step(name, "fulfil-order", "letter", f"letter:{number}", State.PARKED, "notification.send")
            step.connection, step.cause, step.unresolved = "mail", "restored", True
            identity = step.identity(book.key)
            effect = Effect(
                "notification.send", step.subject, 1, step.id, "mail", key_of(b"k" * 32, identity),
                reference_of(b"k" * 32, identity), b"{}", "", "", {}, NOW,
            )  # fmt: skip
            book.steps[step.id] = step
            book.effects[("notification.send", step.subject, 1)] = effect
            keys.append(effect.key)

    hub.store.change("shop-eu:5450", park, NOW)
    hub.close()
    return keys


def letter_states(home: Home, count: int) -> list[str]:
    hub = open_hub(home.folder, threaded=False)
    book = hub.store.read("shop-eu:5450")
    hub.close()
    assert book is not None
    return [book.steps[f"fulfil-order/letter-{number}/order"].state.value for number in range(count)]


def test_letters_in_doubt_are_settled_at_once_by_a_log(hub_home: Home, tmp_path: Path) -> None:
    assert run(hub_home, "letters").exit_code == 1
    keys = doubtful_letters(hub_home, 3)
    assert column(answer(hub_home, "letters")["letters"], "key") == keys
    log = tmp_path / "mail.log"
    log.write_bytes(f"04:00 message-id=<{keys[1]}@shop.example> \xff\n04:01 nothing\n".encode("latin-1"))
    planned = answer(hub_home, "letters", "--log", str(log))
    assert (planned["executed"], len(planned["sent"]), len(planned["to_send"])) == (False, 1, 2)
    assert letter_states(hub_home, 3) == ["parked"] * 3
    told = run(hub_home, "letters", "--log", str(log), "--yes", "--why", "the log of the night")
    assert "1 sent before, 2 sent now" in told.stdout
    assert letter_states(hub_home, 3) == ["ready", "done", "ready"]
    assert run(hub_home, "letters", "--sent").exit_code == 1


@pytest.mark.parametrize(("option", "becomes"), [("--sent", "done"), ("--not-sent", "ready")])
def test_or_by_one_word_for_all_of_them(hub_home: Home, option: str, becomes: str) -> None:
    doubtful_letters(hub_home, 2)
    assert run(hub_home, "letters", "--sent", "--not-sent").exit_code == 2
    assert run(hub_home, "letters", option, "--connection", "nobody").exit_code == 1
    done = answer(hub_home, "letters", option, "--yes", "--why", "looked into the mailbox")
    assert done["executed"] and letter_states(hub_home, 2) == [becomes] * 2
