"""A slice of `python -m tests.power`, and the judge judged by bugs that are planted."""

from __future__ import annotations

import pytest

from tests.power.bugs import PLANTED, Bug, hunt
from tests.power.campaign import HUNT, SLICE, Campaign, Tally
from tests.power.library import Unreachable
from tests.power.life import Habits
from tests.power.recorder import recorder

IMAGES = 150
HUNTED = 240  # a bug must show within so many images


@pytest.fixture(autouse=True)
def _recorder() -> None:
    try:
        recorder()
    except Unreachable as error:
        pytest.skip(str(error))


def judged(campaign: Campaign, images: int) -> Tally:
    for _ in campaign.run(images):
        pass
    return campaign.tally


def test_a_power_cut_loses_nothing_that_was_acknowledged():
    tally = judged(Campaign(7, scale=SLICE), IMAGES)
    assert not tally.offences, "\n".join(map(str, tally.offences[:5]))
    counts = tally.counts
    assert counts["images"] >= IMAGES
    # What would make the sentence above empty: no torn disk, no promise, no second cut, no first start, no upgrade.
    for name in ("unsure", "second", "boot", "upgrade", "messages", "intents", "results", "calls"):
        assert counts[name] > 0, name


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug):
    tally = hunt(bug, 1, HUNTED)
    assert set(tally.kinds) & bug.shown, f"{bug.name}: {tally.images} images, found {dict(tally.kinds)}"


def test_sqlites_own_sync_of_the_folder_is_enough():
    """The hub's stands beside it for builds of SQLite that leave it out."""
    tally = judged(Campaign(1, Habits(deaf=frozenset({"hub"})), HUNT), 60)
    assert not tally.offences, str(tally.offences[0])
