"""Tasks whose evidence is known: tissue tiles with the pixels of their nuclei, and curves with a planted bump.

Tiles (BBBC038, 107 stained fields, found through BIOX_SHARED_DATA): does this tile of 64 x 64 pixels hold a nucleus?
Whatever speaks for "yes" is a nucleus, so the mask is the evidence and nothing else is. Counting nuclei or judging
their area would make empty tissue evidence too. Tiles with less than 2 % of nuclei, but some, are left out: they are
cut edges. Fields, not tiles, are drawn into training, validation and test (there is no patient id).

Curves (six channels of 101 points, like forces of a stance phase; made here): healthy and ill people have a bump in
one of four decoy windows; ill people have another one, of the same shape, in one of four evidence windows.
"""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from replacement import Cells, bridged, inpainted
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from biox.core.errors import InputError

ROOT = Path(__file__).parent.parent
SIZE, CELL = 64, 4  # pixels: side of a tile, and of the squares that are replaced together
NUCLEI_AT_LEAST = 0.02
EVIDENCE = ((0, 20), (1, 45), (2, 25), (2, 75))  # channel and centre of the windows
DECOYS = ((3, 20), (4, 45), (5, 25), (5, 75))
HALF, WIDTH = 8, 2.5  # points: half a window, and standard deviation of a bump


@dataclass(frozen=True)
class Task:
    """Samples with a yes-or-no label and the place of the evidence for "yes".

    x: standardised by the training samples, shape (sample, channel, *place); 0 is thus the training mean.
    y: 0 or 1. mask: True where the evidence is, shape (sample, *place) or (sample, channel, *place).
    unit: field or person, drawn together. part: "train", "validation" or "test".
    low, high: least and greatest possible (tiles) or training (curves) value, broadcastable to a sample.
    cells: which features are replaced together, and how.
    """

    name: str
    x: Tensor
    y: Tensor
    mask: np.ndarray
    unit: np.ndarray
    part: np.ndarray
    low: Tensor
    high: Tensor
    cells: Cells

    def rows(self, part: str) -> np.ndarray:
        """The samples of one part."""
        return np.flatnonzero(self.part == part)


def nuclei() -> Task:
    """Tiles of stained tissue with and without a nucleus; InputError where the data are absent."""
    images, masks, stain = _fields()
    x, mask = _tiles(images).transpose(0, 3, 1, 2) / 255.0, _tiles(masks > 0)
    field = np.repeat(np.arange(len(images)), len(x) // len(images))
    share = mask.mean((1, 2))
    keep = (share == 0) | (share >= NUCLEI_AT_LEAST)
    x, mask, field, y = x[keep], mask[keep], field[keep], share[keep] > 0
    part = _parts(stain, seed=0)[field]
    mean, sd = (f(x[part == "train"], axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.std))
    side = torch.arange(SIZE) // CELL
    cells = (side[:, None] * (SIZE // CELL) + side).expand(3, SIZE, SIZE)
    low, high = (_tensor((end - mean[0]) / sd[0]) for end in (0.0, 1.0))
    return Task(
        "nuclei",
        _tensor((x - mean) / sd),
        _tensor(y),
        mask,
        field,
        part,
        low,
        high,
        Cells(cells, partial(inpainted, cell=CELL)),
    )


def windows(people: int = 4800, seed: int = 0) -> Task:
    """Curves of which half hold a bump in a known window."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter1d(rng.normal(size=(people, 6, 161)), 7, axis=2)[:, :, 30:131]
    x = noise / noise.std()
    y, mask = np.arange(people) % 2 == 1, np.zeros(x.shape, bool)
    point = np.arange(101)
    for i in range(people):
        _add_bump(x[i], *DECOYS[rng.integers(4)], rng)
        if y[i]:
            channel, centre = EVIDENCE[rng.integers(4)]
            _add_bump(x[i], channel, centre, rng)
            mask[i, channel] = np.abs(point - centre) <= HALF
    part = np.repeat(["train", "validation", "test"], [people // 2, people // 4, people - people // 2 - people // 4])
    mean, sd = (f(x[part == "train"], axis=0) for f in (np.mean, np.std))
    x = _tensor((x - mean) / sd)
    known = x[torch.from_numpy(part == "train")]
    cells = torch.arange(6)[:, None] * 21 + torch.arange(101) // 5
    low, high = known.amin(0), known.amax(0)
    return Task("planted windows", x, _tensor(y), mask, np.arange(people), part, low, high, Cells(cells, bridged))


def _add_bump(curve: np.ndarray, channel: int, centre: int, rng: np.random.Generator) -> None:
    middle, height = centre + rng.uniform(-3, 3), rng.uniform(1.0, 2.0)
    curve[channel] += height * np.exp(-0.5 * ((np.arange(101) - middle) / WIDTH) ** 2)


def _fields() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    folder = Path(os.environ.get("BIOX_SHARED_DATA", ROOT / "../shared/data"))
    file = folder / "nuclei-dsb2018" / "dsb2018_stage1_colour107.npz"
    if not file.is_file():
        raise InputError(
            "The stained fields nuclei-dsb2018/dsb2018_stage1_colour107.npz were not found in the folder of real data. "
            "Set BIOX_SHARED_DATA to that folder (by default ../shared/data), or run with --only windows."
        )
    with np.load(file, allow_pickle=False) as found:
        return found["images"], found["instance_masks"], found["stain_group"]


def _tiles(fields: np.ndarray) -> np.ndarray:
    """Cut (field, height, width, ...) into squares: (field * square, SIZE, SIZE, ...)."""
    n, height, width = fields.shape[:3]
    cut = fields.reshape(n, height // SIZE, SIZE, width // SIZE, SIZE, *fields.shape[3:])
    return np.moveaxis(cut, 3, 2).reshape(-1, SIZE, SIZE, *fields.shape[3:])


def _parts(group: np.ndarray, seed: int) -> np.ndarray:
    """Half the fields of every stain train, a quarter each validate and test."""
    rng, part = np.random.default_rng(seed), np.empty(len(group), "<U10")
    for one in np.unique(group):
        members = rng.permutation(np.flatnonzero(group == one))
        ends = [len(members) // 2, len(members) // 2 + len(members) // 4]
        for name, rows in zip(("train", "validation", "test"), np.split(members, ends), strict=True):
            part[rows] = name
    return part


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
