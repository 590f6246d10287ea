import os
import sys
from multiprocessing import get_context
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.histology import reading_processes
from biox.domains.histology.reading_processes import ReadingProcesses, reading
from biox.domains.histology.reading_requests import Pieces
from biox.domains.histology.tile_pixels import TilePixels
from biox.domains.histology.tile_reading import Cut, Source, fill

from .made_slides import tissue_picture, write_slide

SIDE = 16


@pytest.fixture
def cut(tmp_path) -> Cut:
    source = Source(write_slide(tmp_path / "a.tif", tissue_picture(512, 512)))
    at = np.arange(128, 384, SIDE)
    x, y = np.tile(at, 16), np.repeat(at, 16)
    return Cut((source,), np.zeros(256, int), x, y, np.random.default_rng(0).permutation(256))


def test_every_piece_is_taken_once_and_first_those_of_the_own_stretch():
    pieces = Pieces(get_context("spawn"), 3)
    pieces.deal(10)
    first = [pieces.take(process) for process in (0, 1, 2)]
    assert first == [0, 3, 7]
    rest = [pieces.take(1) for _ in range(8)]
    assert rest == [4, 5, 6, 8, 9, 1, 2, None]


def test_nothing_is_left_when_there_are_fewer_pieces_than_processes():
    pieces = Pieces(get_context("spawn"), 4)
    pieces.deal(1)
    assert sorted(str(pieces.take(process)) for process in range(4)) == ["0", "None", "None", "None"]


def test_requests_larger_than_the_shared_memory_are_read_in_parts(cut, monkeypatch):
    for tiles in (40, 0.5):  # it may not even hold one
        monkeypatch.setattr(reading_processes, "SHARED_BYTES", int(tiles * 3 * SIDE**2))
        expected, found = (np.zeros((256, 3, SIDE, SIDE), np.uint8) for _ in range(2))
        fill(expected, cut, 0.5)
        ReadingProcesses(2).read(found, cut, 0.5)
        assert np.array_equal(found, expected)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """Sets how many bytes of shared memory are free."""

    def leave(free: int) -> None:
        monkeypatch.setattr(reading_processes, "SHARED", tmp_path)
        monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=free // 4096, f_frsize=4096))

    return leave


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says how much shared memory there is")
def test_no_more_than_half_of_the_free_shared_memory_is_taken(there):
    there(2**30)
    assert reading_processes._free_bytes() == reading_processes.SHARED_BYTES
    there(6 * 2**20)
    assert reading_processes._free_bytes() == 3 * 2**20
    there(2**20)
    with pytest.raises(InputError, match=r"has 1\.0 MB left.*--shm-size"):
        reading_processes._free_bytes()


def test_after_an_interrupt_old_answers_are_not_taken_for_new_ones(cut, monkeypatch):
    expected, found = (np.zeros((256, 3, SIDE, SIDE), np.uint8) for _ in range(2))
    fill(expected, cut, 0.5)
    reading(2).read(found, cut, 0.5)
    interrupted = reading(2)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(reading_processes, "fill", interrupt)
    with pytest.raises(KeyboardInterrupt):
        interrupted.read(found, cut.piece(0, 100), 0.5)
    monkeypatch.setattr(reading_processes, "fill", fill)
    with pytest.raises(InputError, match="ended from outside"):
        interrupted.read(found, cut, 0.5)
    assert reading(2) is not interrupted
    again = np.zeros_like(expected)
    reading(2).read(again, cut, 0.5)
    assert np.array_equal(again, expected)
    interrupted._others[0].join(timeout=20)
    assert not interrupted._others[0].is_alive()


def test_after_a_process_was_killed_new_ones_read(cut):
    expected, found = (np.zeros((256, 3, SIDE, SIDE), np.uint8) for _ in range(2))
    fill(expected, cut, 0.5)
    first = reading(2)
    first.read(found, cut, 0.5)
    first._others[0].kill()
    first._others[0].join()
    with pytest.raises(InputError, match="ended from outside"):
        first.read(found, cut, 0.5)
    found[:] = 0
    reading(2).read(found, cut, 0.5)
    assert np.array_equal(found, expected)


def test_all_tiles_share_the_same_processes(cut):
    tiles = pd.DataFrame({"slide": "a", "x": cut.x, "y": cut.y})
    x = TilePixels({"a": cut.sources[0]}, tiles, (SIDE, 0.5), workers=2)
    _ = x[:]
    before = reading(2)
    _ = x.subset(np.arange(100))[:]
    assert reading(2) is before


def test_after_an_error_the_next_request_is_read_as_if_nothing_had_been(cut, tmp_path):
    (tmp_path / "text.svs").write_text("no slide")
    bad = Cut((Source(tmp_path / "text.svs"),), cut.slide, cut.x, cut.y, cut.place)
    expected, found = (np.zeros((256, 3, SIDE, SIDE), np.uint8) for _ in range(2))
    fill(expected, cut, 0.5)
    processes = ReadingProcesses(2)
    with pytest.raises(InputError, match=r"text\.svs is no slide"):
        processes.read(found, bad, 0.5)
    processes.read(found, cut, 0.5)
    assert np.array_equal(found, expected)


def test_a_process_that_was_killed_ends_in_a_sentence(cut):
    processes = ReadingProcesses(2)
    found = np.zeros((256, 3, SIDE, SIDE), np.uint8)
    processes.read(found, cut, 0.5)
    processes._others[0].kill()
    processes._others[0].join()
    with pytest.raises(InputError, match="ended from outside"):
        processes.read(found, cut, 0.5)


def test_the_other_processes_end_with_their_owner(cut):
    processes = ReadingProcesses(2)
    other = processes._others[0]
    assert other.is_alive()
    del processes
    other.join(timeout=20)
    assert not other.is_alive()
