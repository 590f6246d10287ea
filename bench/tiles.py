"""How fast tiles are read beside bare OpenSlide and beside peers, and how much memory a large slide takes.

    python bench/tiles.py --peer-python PEERS/bin/python            speed, then memory
    python bench/tiles.py --only memory --slide large.tif           memory of a slide that is there already

writes ``bench/results/tiles.json``. Peers (any of tiatoolbox, large-image, slideio, pyvips) stand in an
environment of their own, since some want other versions of what biox uses; without them only OpenSlide is compared.

Speed: bare is ``np.array(slide.read_region(...))``, the same tiles in the same order, with the same memory for decoded
blocks. All contenders alternate, in an order that turns from round to round; each opens the slide anew, and is compared
with bare OpenSlide of its own round: above 1 is faster than that. The second of two processes is a new one in every
round, which has no slide open and no block decoded; it is up before the clock starts.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pandas as pd
from openslide import OpenSlide, OpenSlideCache, __library_version__
from scipy.ndimage import gaussian_filter
from tiles_peers import PEERS

from biox.domains.histology import reading_processes, whole_slide
from biox.domains.histology.pyramid import Layout, write_pyramid
from biox.domains.histology.reading_requests import Request
from biox.domains.histology.slide_settings import Slides
from biox.domains.histology.slides import slides
from biox.domains.histology.tile_pixels import TilePixels
from biox.domains.histology.tile_reading import Cut, Source
from biox.domains.histology.tiling import STRIP

RESULTS = Path(__file__).parent / "results" / "tiles.json"
MPP, BATCH = 0.5, 64
Seconds = dict[str, float]


def texture(side: int = 1024, seed: int = 0) -> np.ndarray:
    """Something that compresses like stained tissue: pink fibres with dark purple nuclei."""
    rng = np.random.default_rng(seed)
    fibres = gaussian_filter(rng.normal(size=(side, side)), (2, 8), mode="wrap")
    nuclei = gaussian_filter(rng.normal(size=(side, side)), 4, mode="wrap")
    pink = np.array([214, 160, 192]) + 500 * fibres[..., None] * np.array([0.5, 1.0, 0.5])
    dark = (nuclei > 1.5 * nuclei.std())[..., None]
    grain = rng.normal(0, 4, (side, side, 1))
    return np.clip(np.where(dark, np.array([88, 55, 130]) + 300 * nuclei[..., None], pink) + grain, 0, 255).astype("u1")


def write_slide(file: Path, side: int, border: int) -> Path:
    """A slide of side x side pixels: tissue with a border of glass, as a JPEG pyramid."""
    pattern = texture()

    def block(y: int, x: int, height: int, width: int) -> np.ndarray:
        rows, columns = np.arange(y, y + height), np.arange(x, x + width)
        tissue = pattern[np.ix_((rows + 37 * (rows // 1024)) % 1024, columns % 1024)]
        inside = [(border <= at) & (at < side - border) for at in (rows, columns)]
        return np.where((inside[0][:, None] & inside[1])[..., None], tissue, np.uint8(243))

    write_pyramid(file, (side, side), block, MPP, Layout(quality=80))
    return file


def fresh() -> None:
    """Forget open slides and decoded blocks of this process."""
    whole_slide.kept_open.cache_clear()
    whole_slide._cache.cache_clear()


def clocked(read: Callable[[], None]) -> Seconds:
    """Wall and CPU seconds of a call."""
    start, cpu = time.perf_counter(), time.process_time()
    read()
    return {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}


def bare(file: Path, side: int, places: np.ndarray) -> None:
    """OpenSlide itself: one array a tile."""
    slide = OpenSlide(file)
    slide.set_cache(OpenSlideCache(whole_slide.CACHE_BYTES))
    for x, y in places:
        np.array(slide.read_region((int(x), int(y)), 0, (side, side)))


def ours(x: TilePixels, rows: np.ndarray) -> None:
    """biox, batch by batch."""
    fresh()
    for start in range(0, len(rows), BATCH):
        _ = x[rows[start : start + BATCH]]


def started(x: TilePixels) -> list[BaseProcess]:
    """New processes that read beside this one, once they are up: those of before would remember the slide."""
    reading_processes._kept.cache_clear()
    processes, none = reading_processes.reading(x.workers), np.array([], int)
    shape = (0, *x.shape[1:])
    processes._read(np.empty(shape, np.uint8), Request(0, Cut((), none, none, none, none), shape, x.mpp))
    return processes._others


def clocked_together(x: TilePixels, rows: np.ndarray) -> Seconds:
    """The same of several processes; ``each`` is the CPU time of one of them on average.

    On a machine that others use, wall time says what was left over, CPU time what two free cores would give.
    """
    others = started(x)
    before = sum(map(_cpu_seconds, others))
    found = clocked(lambda: ours(x, rows))
    spent = found["cpu"] + sum(map(_cpu_seconds, others)) - before
    return found | {"each": spent / (1 + len(others))}


def _cpu_seconds(process: BaseProcess) -> float:
    words = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def peer(python: str | None, work: dict) -> dict:
    """The same work done by a peer, in a new process of its own Python."""
    if python is None:
        return {"refused": "no environment with peers was named"}
    script = str(Path(__file__).parent / "tiles_peers.py")
    ran = subprocess.run([python, script], input=json.dumps(work), capture_output=True, text=True, check=False)
    lines = ran.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else {"refused": f"the process ended with {ran.returncode}"}


def places_of(size: int, side: int) -> pd.DataFrame:
    """A grid over the whole slide, strip by strip as biox lists its tiles."""
    at = np.arange(0, size - side + 1, side)
    table = pd.DataFrame({"slide": "slide", "x": np.tile(at, len(at)), "y": np.repeat(at, len(at))})
    return table.assign(strip=table["x"] // STRIP).sort_values(["strip", "y", "x"]).reset_index(drop=True)


def speed(file: Path, size: int, side: int, rounds: int, python: str | None) -> dict:
    """Tiles a second of all contenders, in the order of the index and in random order; biox in batches."""
    tiles = places_of(size, side)
    one, two = (TilePixels({"slide": Source(file)}, tiles, (side, MPP), workers=n) for n in (1, 2))
    orders = {"in order": np.arange(len(tiles)), "random": np.random.default_rng(0).permutation(len(tiles))}
    found: dict = {"tiles": len(tiles), "side": side, "rounds": rounds}
    for order, rows in orders.items():
        places = tiles[["x", "y"]].to_numpy()[rows]
        work = {"file": str(file), "side": side, "places": places.tolist()}
        calls: dict[str, Callable[[], dict]] = {
            "bare OpenSlide": lambda places=places: clocked(lambda: bare(file, side, places)),
            "biox": lambda rows=rows: clocked(lambda: ours(one, rows)),
            "biox, 2 processes": lambda rows=rows: clocked_together(two, rows),
            **{name: lambda work=work | {"name": name}: peer(python, work) for name in PEERS},
        }
        found[order] = ratios(alternated(calls, rounds), len(tiles))
        for name, record in found[order].items():
            print(f"{side} px, {order} | {name} | {record}", flush=True)
    return found


def alternated(calls: dict[str, Callable[[], dict]], rounds: int) -> dict[str, list[dict]]:
    """Every contender once a round, in an order that turns; one that refused is not asked again."""
    names, found = list(calls), {name: [] for name in calls}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if not any("refused" in one for one in found[name]):
                found[name].append(calls[name]())
    return found


def ratios(measured: dict[str, list[dict]], tiles: int) -> dict[str, dict]:
    """Median tiles a second, and the median ratio to bare OpenSlide (wall and CPU) of the same round."""
    base = measured["bare OpenSlide"]
    records = {}
    for name, seconds in measured.items():
        if any("refused" in one for one in seconds):
            records[name] = seconds[-1]
            continue
        record = {"tiles a second": round(tiles / statistics.median(one["wall"] for one in seconds), 1)}
        for clock in ("wall", "cpu"):
            against = [ours[clock] and theirs[clock] / ours[clock] for theirs, ours in zip(base, seconds, strict=True)]
            record[f"{clock} ratio"] = round(statistics.median(against), 3)
            record[f"{clock} ratio, least and greatest"] = [round(min(against), 3), round(max(against), 3)]
        if name == "biox, 2 processes":
            alone = [one["wall"] / both["wall"] for one, both in zip(measured["biox"], seconds, strict=True)]
            record["wall ratio to one process"] = round(statistics.median(alone), 3)
            record["to one process, least and greatest"] = [round(min(alone), 3), round(max(alone), 3)]
            cpu = [one["cpu"] / both["each"] for one, both in zip(measured["biox"], seconds, strict=True)]
            record["CPU of one process to that of each of the two"] = round(statistics.median(cpu), 3)
        records[name] = record
    return records


def probe(file: str, tiles: str, workers: str) -> None:
    """Ingest one slide and read random batches of its tiles; print the peak of memory. Run in a process of its own."""
    before = _status("VmRSS")
    settings = {"folder": file, "tiles": {"side_px": 224, "mpp": MPP}, "most": int(tiles), "workers": int(workers)}
    cohort = slides(Slides.model_validate(settings))
    ingested, rng = _status("VmHWM"), np.random.default_rng(0)
    for _ in range(20):
        _ = cohort.x[rng.choice(len(cohort.x), BATCH)]
    bytes_read = len(cohort.x) * int(np.prod(cohort.x.shape[1:]))
    record = {"before": before, "peak of ingest": ingested, "peak": _status("VmHWM"), "pixels in bytes": bytes_read}
    print(json.dumps(record | {"tiles": len(cohort.x), "possible tiles": possible(cohort)}))


def possible(cohort) -> int:
    """How many tiles would fill the slide."""
    slide = whole_slide.open_slide(next(iter(cohort.x.sources.values())).file)
    return (slide.size[0] // 224) * (slide.size[1] // 224)


def _status(key: str) -> int:
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1] == "kB"}[key]


def memory(files: dict[str, Path], tiles: int) -> dict:
    """Peak resident memory of ingest and of reading, slide by slide, each in a new process."""
    found = {}
    for name, file in files.items():
        start = time.perf_counter()
        command = [sys.executable, __file__, "--probe", str(file), str(tiles), "1"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        record = json.loads(ran.stdout.strip().splitlines()[-1])
        found[name] = record | {"seconds": round(time.perf_counter() - start, 1), "file": file.stat().st_size}
        print(f"memory | {name} | {found[name]}", flush=True)
    return found


def main() -> None:
    """Read the command line and measure."""
    if sys.argv[1:2] == ["--probe"]:
        probe(*sys.argv[2:])
        return
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--only", choices=("speed", "memory"))
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--size", type=int, default=8192, help="side of the slide whose tiles are timed, pixels")
    ask.add_argument("--sides", type=lambda text: [int(n) for n in text.split(",")], default=[224, 64, 512])
    ask.add_argument("--large", type=int, default=50_000, help="side of the slide whose memory is measured")
    ask.add_argument("--slide", type=Path, help="a large slide that is there already")
    ask.add_argument("--tiles", type=int, default=2000, help="how many of its tiles are read")
    ask.add_argument("--peer-python")
    given = ask.parse_args()
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    found["machine"] = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "openslide": __library_version__,
        "load before": round(os.getloadavg()[0], 2),
    }
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "memory":
            file = write_slide(Path(folder) / "slide.tif", given.size, 0)
            found["speed"] = [speed(file, given.size, side, given.rounds, given.peer_python) for side in given.sides]
        if given.only != "speed":
            small = write_slide(Path(folder) / "small.tif", given.large // 10, given.large // 40)
            large = given.slide or write_slide(Path(folder) / "large.tif", given.large, given.large // 4)
            found["memory"] = memory({"small": small, "large": large}, given.tiles)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
