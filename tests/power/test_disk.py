"""The disk that loses its power: what it may forget, and what it may not."""

from __future__ import annotations

import random

from tests.power.disk import Disk, Image
from tests.power.tape import Create, Delete, Event, Sync, SyncFolder, Tape, Truncate, Write

OLD, NEW = b"o" * 8192, b"n" * 4096


def images(
    *events: Event, files: dict[str, bytes] | None = None, count: int = 400, **options: frozenset[str]
) -> list[Image]:
    disk = Disk(Tape(files or {}), **options)
    for event in events:
        disk.take(event)
    return list(disk.images(count, random.Random(1)))


def contents(*events: Event) -> set[bytes]:
    """Of a file that held OLD, on the disk, before."""
    return {image.files["hub.db"] for image in images(*events, files={"hub.db": OLD})}


def test_what_was_synced_is_there():
    assert contents(Write(1, 0, NEW), Sync(1)) == {NEW + OLD[4096:]}


def test_a_disk_of_which_all_is_sure_has_one_image():
    assert len(images(Write(1, 0, NEW), Sync(1), files={"hub.db": OLD})) == 1


def test_what_was_not_synced_survives_vanishes_or_is_torn_at_sectors():
    found = contents(Write(1, 0, NEW))
    assert {OLD, NEW + OLD[4096:]} <= found
    torn = found - {OLD, NEW + OLD[4096:]}
    assert torn
    for content in found:
        assert len(content) == len(OLD)
        assert all(content[at : at + 512] in (NEW[:512], OLD[:512]) for at in range(0, len(OLD), 512))


def test_a_later_write_may_be_there_without_an_earlier_one():
    found = contents(Write(1, 0, NEW), Write(1, 4096, NEW))
    assert OLD[:4096] + NEW in found and NEW + OLD[:4096] in found


def test_a_write_that_is_no_whole_sector_leaves_the_rest_of_it_alone():
    assert contents(Write(1, 10, b"abc")) == {OLD, OLD[:10] + b"abc" + OLD[13:]}


def test_any_version_between_two_syncs_may_be_there():
    assert contents(Write(1, 0, b"1"), Write(1, 0, b"2")) == {OLD, b"1" + OLD[1:], b"2" + OLD[1:]}


def test_a_size_may_have_grown_or_not_and_nobody_knows_with_what():
    found = contents(Write(1, 8192, NEW))
    assert OLD in found and OLD + NEW in found and OLD + bytes(4096) in found and OLD + OLD[:4096] in found
    assert all(content.startswith(OLD) for content in found)


def test_a_truncation_is_a_write_like_others():
    assert contents(Truncate(1, 100)) == {OLD, OLD[:100]}
    assert contents(Truncate(1, 100), Sync(1)) == {OLD[:100]}


def test_a_synced_file_may_have_lost_its_name_and_a_deleted_one_kept_it():
    made: list[Event] = [Create("hub.db-wal", 2), Write(2, 0, NEW), Sync(2)]
    found = {image.files.get("hub.db-wal") for image in images(*made, files={"hub.db": OLD})}
    assert found == {None, NEW}
    found = {image.files.get("hub.db-wal") for image in images(*made, SyncFolder("hub"), files={"hub.db": OLD})}
    assert found == {NEW}
    deleted: list[Event] = [*made, SyncFolder("hub"), Delete("hub.db-wal"), Create("hub.db-wal", 3)]
    found = {image.files.get("hub.db-wal") for image in images(*deleted, files={"hub.db": OLD})}
    assert found == {None, NEW, b""}


def test_whoever_is_deaf_does_not_sync_the_logs_name():
    made: list[Event] = [Create("hub.db", 1), Create("hub.db-wal", 2), SyncFolder("hub")]
    assert {frozenset(image.files) - {"hub.db-shm"} for image in images(*made)} == {frozenset({"hub.db", "hub.db-wal"})}
    found = {frozenset(image.files) - {"hub.db-shm"} for image in images(*made, deaf=frozenset({"hub"}))}
    assert found == {frozenset({"hub.db"}), frozenset({"hub.db", "hub.db-wal"})}


def test_no_image_is_given_twice():
    found = images(Write(1, 0, NEW), files={"hub.db": OLD}, count=20)
    assert len({image.files["hub.db"] for image in found}) == len(found) == 20
