"""The benchmark of tiles compares like with like."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import tiles as bench

from biox.domains.histology.tile_pixels import TilePixels
from biox.domains.histology.tile_reading import Source

SIDE = 64


def test_two_processes_remember_no_slide_of_the_round_before(tmp_path):
    file = bench.write_slide(tmp_path / "slide.tif", 1024, 0)
    places = bench.places_of(1024, SIDE)
    x = TilePixels({"slide": Source(file)}, places, (SIDE, bench.MPP), workers=2)
    seconds = bench.clocked_together(x, np.arange(len(places)))
    assert seconds["each"] > 0
    (before,) = bench.reading_processes.reading(2)._others
    (now,) = bench.started(x)
    assert now.is_alive()
    assert now.pid != before.pid
    before.join(timeout=20)
    assert not before.is_alive()
