"""Other packages that read tiles of a slide, each in the same way: open the file, then one array a tile, in order.

Run by ``tiles.py``, a process for each measurement (some keep what they decoded in memory beyond the file), with the
Python of an environment in which the peers are installed. The work is a JSON object on standard input; the answer, on
the last line of standard output, is the seconds that it took, or why it could not be done.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

Read = Callable[[int, int], np.ndarray]
Open = Callable[[str, int], Read]


def tiatoolbox() -> Open:
    """TIAToolbox: ``read_rect`` at the baseline."""
    from tiatoolbox.wsicore.wsireader import WSIReader

    def opened(file: str, side: int) -> Read:
        slide = WSIReader.open(file)
        return lambda x, y: slide.read_rect((x, y), (side, side), resolution=0, units="level")

    return opened


def large_image() -> Open:
    """The package large-image with its OpenSlide source."""
    import large_image as package
    from large_image.constants import TILE_FORMAT_NUMPY

    def opened(file: str, side: int) -> Read:
        slide = package.open(file)
        where = {"width": side, "height": side, "units": "base_pixels"}
        return lambda x, y: slide.getRegion(region=where | {"left": x, "top": y}, format=TILE_FORMAT_NUMPY)[0]

    return opened


def slideio() -> Open:
    """The package slideio with its SVS driver, which reads tiled TIFF."""
    import slideio as package

    def opened(file: str, side: int) -> Read:
        scene = package.open_slide(file, "SVS").get_scene(0)
        return lambda x, y: scene.read_block((x, y, side, side))

    return opened


def pyvips() -> Open:
    """The library libvips with its TIFF loader and random access; one thread."""
    import pyvips as package

    package.concurrency_set(1)

    def opened(file: str, side: int) -> Read:
        region = package.Region.new(package.Image.new_from_file(file, access="random"))
        return lambda x, y: np.frombuffer(region.fetch(x, y, side, side), np.uint8).reshape(side, side, -1)

    return opened


PEERS: dict[str, Callable[[], Open]] = {one.__name__: one for one in (tiatoolbox, large_image, slideio, pyvips)}


def timed(name: str, file: str, side: int, places: Sequence[Sequence[int]]) -> dict:
    """Seconds (wall and CPU) for opening the file and reading all tiles; imports do not count."""
    opened = PEERS[name]()
    start, cpu = time.perf_counter(), time.process_time()
    read = opened(file, side)
    for x, y in places:
        assert np.asarray(read(x, y)).shape[:2] == (side, side)
    return {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}


def answer() -> None:
    """Do the work that is asked for."""
    try:
        found = timed(**json.load(sys.stdin))
    except Exception as error:  # whatever a peer raises is its answer
        found = {"refused": f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"}
    print(json.dumps(found))


if __name__ == "__main__":
    answer()
