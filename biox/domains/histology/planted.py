"""A bias that we planted ourselves: an artefact on a known share of one class, so that it can be found and removed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from biox.core.arrays import chosen
from biox.core.errors import InputError, listed
from biox.core.find import opener_of
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.histology.artefacts import Artefact, Seeds, mark
from biox.domains.histology.kept_pixels import open_pixels, write_pixels

VIEWS = ("clean", "swapped", "balanced", "everywhere")
OPENER = "biox.domains.histology.planted:open_planted"


class Plant(Strict):
    """Which artefact goes on which tiles: on a random ``share`` of those of the class ``label``.

    artefact: ``corner``, ``pen`` or ``stain`` (``biox.domains.histology.artefacts``). seed: of the choice of tiles and
    of each tile's stroke or stain.
    """

    artefact: Artefact
    share: float = Field(default=1.0, ge=0, le=1)
    label: str
    seed: int = 0


@dataclass(frozen=True)
class Planted:
    """Tiles with an artefact on some of them, indexed like an array of shape (tile, 3, height, width).

    base: the pixels without it, an array or anything indexed like one. on: where the artefact is, by view, shape
    (tile,); ``given`` is what this object shows. Further views: ``clean`` (nowhere), ``swapped`` (on every tile of
    the other classes, on none of its own), ``balanced`` (on the same share of every class) and ``everywhere``.
    seeds: one a tile, so that the artefact is the same however the tile is read.
    """

    base: Any
    artefact: Artefact
    on: Mapping[str, np.ndarray]
    seeds: Seeds
    shown: str = "given"
    opener: str = OPENER

    @property
    def shape(self) -> tuple[int, ...]:
        """(tile, 3, height, width)."""
        return tuple(self.base.shape)

    @property
    def dtype(self) -> np.dtype:
        """Always 8-bit intensities."""
        return np.dtype(np.uint8)

    @property
    def ndim(self) -> int:
        """Number of axes: 4."""
        return len(self.shape)

    @property
    def views(self) -> tuple[str, ...]:
        """Other versions of the same tiles; those of the pixels below come last."""
        return (*VIEWS, *(name for name in getattr(self.base, "views", ()) if name not in VIEWS))

    @property
    def masks(self) -> np.ndarray | None:
        """Where the object of the label is (tile, height, width), if the pixels below know it; never the artefact."""
        return getattr(self.base, "masks", None)

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._marked(rows)[0]

    def view(self, name: str) -> Any:
        """The same tiles with the artefact elsewhere, or another view of the pixels below with the artefact."""
        if name in self.on:
            return replace(self, shown=name)
        if name not in self.views:
            raise InputError(f"There is no view {name!r} of these tiles; there are {listed(self.views)}.")
        return replace(self, base=self.base.view(name))

    def subset(self, rows: np.ndarray) -> "Planted":
        """The chosen tiles, still unread."""
        on = {name: there[rows] for name, there in self.on.items()}
        return replace(self, base=chosen(self.base, rows), on=on, seeds=self.seeds[rows])

    def artefact_mask(self, rows: Any) -> np.ndarray:
        """The pixels that the artefact changed, shape (tile, height, width); all False where there is none."""
        return self._marked(rows)[1]

    def save(self, folder: Path) -> None:
        """Write the pixels below and where the artefact is; ``open_planted`` reads it again."""
        folder.mkdir(parents=True, exist_ok=True)
        opener = getattr(self.base, "opener", None)
        if opener is None:
            write_pixels(folder / "base.npy", self.base)
        else:
            self.base.save(folder / "base")
        np.savez_compressed(folder / "on.npz", allow_pickle=False, seeds=self.seeds, **self.on)
        kept = {"artefact": self.artefact, "shown": self.shown, "base": opener}
        (folder / "planted.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    def _marked(self, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        one = isinstance(rows, int | np.integer)
        every = np.arange(len(self))
        wanted = every[rows][None] if one else every[rows]
        pixels = np.array(self.base[wanted])
        masks = np.zeros((len(pixels), *pixels.shape[2:]), bool)
        here = np.flatnonzero(self.on[self.shown][wanted])
        if len(here):
            made = mark(self.artefact, pixels[here], self.seeds[wanted][here])
            pixels[here], masks[here] = made.pixels, made.mask
        return (pixels[0], masks[0]) if one else (pixels, masks)


def planted(cohort: Cohort, plant: Plant | None) -> Cohort:
    """The cohort with an artefact on some tiles of one class, and the column ``planted`` in its table; as it is for
    None.

    A class that the cohort lacks, or pixels that are no tiles (tile, 3, height, width), are an InputError.
    """
    if plant is None:
        return cohort
    if plant.label not in cohort.classes:
        raise InputError(f"plant: there is no class {plant.label!r}; the classes are {listed(cohort.classes)}.")
    if len(cohort.x.shape) != 4:
        raise InputError(
            f"plant: an artefact goes on tiles of shape (tile, 3, height, width), not on {cohort.x.shape}; "
            "plant it before tiles are put into bags."
        )
    own = cohort.samples["label"].to_numpy() == plant.label
    rng = np.random.default_rng([plant.seed, 1])
    place = rng.permutation(len(own))  # one random order serves all shares: a larger share keeps the tiles of a smaller
    given, others = _first(own, place, plant.share), _first(~own, place, plant.share)
    on = {
        "given": given,
        "clean": np.zeros(len(own), bool),
        "swapped": ~own,
        "balanced": given | others,
        "everywhere": np.ones(len(own), bool),
    }
    seeds = rng.integers(0, 2**31, len(own))
    x = Planted(cohort.x, plant.artefact, on, seeds)
    note = f"{plant.artefact} planted on {given.sum()} of {own.sum()} tiles of {plant.label!r} (seed {plant.seed})"
    return replace(cohort, x=x, samples=cohort.samples.assign(planted=given), notes=(*cohort.notes, note))


def open_planted(folder: Path) -> Planted:
    """The tiles that ``Planted.save`` wrote."""
    kept = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    named = kept["base"]
    base = folder / "base"
    below = opener_of(named)(base) if named else open_pixels(base.with_suffix(".npy"))
    with np.load(folder / "on.npz", allow_pickle=False) as arrays:
        on = {name: arrays[name] for name in arrays.files}
    return Planted(below, kept["artefact"], on, on.pop("seeds"), kept["shown"])


def _first(group: np.ndarray, order: np.ndarray, share: float) -> np.ndarray:
    """The first ``share`` of a group's members in the given order, as a mask."""
    members = order[group[order]]
    first = np.zeros(len(group), bool)
    first[members[: round(share * len(members))]] = True
    return first
