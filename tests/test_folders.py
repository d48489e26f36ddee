"""What the service writes to: what is wrong with it, looked at without writing."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

import config
from webinars.cli import folders

NOBODY = 65534


@pytest.fixture
def settings():
    """Make a data folder that has everything, where whoever looks may look."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        for folder in ("data/journal", "data/outbox", "data/documents", "elsewhere"):
            (base / folder).mkdir(parents=True)
        for path in (base, *base.rglob("*")):
            path.chmod(0o777)
        yield config.read(
            data_dir=base / "data",
            mail_url=f"file:{base}/data/outbox",
            database_url=f"sqlite:///{base}/elsewhere/webinars.db",
        )


@contextmanager
def being_nobody():
    """Be someone for whom permissions count, which root is not."""
    former = os.geteuid()
    if former == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(former)


def test_what_can_be_written_to_is_well(settings):
    with being_nobody():
        assert folders.find_fault(settings) is None


@pytest.mark.parametrize(
    "name", ["data", "data/journal", "data/outbox", "data/documents", "elsewhere"]
)
def test_a_folder_that_may_not_be_written_to_is_named(settings, name):
    folder = settings.data_dir.parent / name
    folder.chmod(0o555)
    with being_nobody():
        assert folders.find_fault(settings) == f"{folder} may not be written to"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_file_of_the_database_that_someone_else_owns_is_named(settings, suffix):
    path = settings.data_dir.parent / f"elsewhere/webinars.db{suffix}"
    path.touch(0o444)
    with being_nobody():
        assert folders.find_fault(settings) == f"{path} may not be written to"


def test_what_is_made_when_it_is_needed_is_well_where_it_can_be_made(settings):
    for folder in settings.data_dir.iterdir():
        folder.rmdir()
    with being_nobody():
        assert folders.find_fault(settings) is None
    settings.data_dir.chmod(0o555)
    with being_nobody():
        assert folders.find_fault(settings) == f"{settings.data_dir} may not be written to"


def test_a_data_folder_that_is_not_there_is_named(settings):
    for folder in settings.data_dir.iterdir():
        folder.rmdir()
    settings.data_dir.rmdir()
    assert folders.find_fault(settings).startswith(f"{settings.data_dir} is not there")


def test_a_file_in_the_place_of_a_folder_is_named(settings):
    settings.journal_dir.rmdir()
    settings.journal_dir.touch()
    assert folders.find_fault(settings) == f"{settings.journal_dir} is no folder"


FULL = {
    "enough": ({"available": 30_000}, None),
    "little": ({"available": 20_000}, "only 82 MB are free"),
    "nothing": ({"available": 0}, "only 0 kB are free"),
    "no room for files": ({"available": 30_000, "names": 0}, "there is no room for another file"),
    "a disk that counts no files": ({"available": 30_000, "files": 0, "names": 0}, None),
    "a disk that does not say": ({"available": 0, "blocks": 0}, None),
}


@pytest.mark.parametrize(("said", "shortage"), FULL.values(), ids=FULL)
def test_a_disk_that_is_nearly_full_is_told(said, shortage):
    of = {"blocks": 90_000, "files": 1000, "names": 10} | said
    # Block sizes twice, blocks in all, free, and free for others than root; the same of files.
    counted = (4096, 4096, of["blocks"], 30_000, of["available"])
    space = os.statvfs_result((*counted, of["files"], 10, of["names"], 0, 255))
    assert folders.find_shortage(space) == shortage


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 kB"), (1_500_000, "2 MB"), (999_000_000, "999 MB"), (34_000_000_000, "34 GB")],
)
def test_a_size_is_said_as_people_read_it(number, said):
    assert folders.say_size(number) == said
