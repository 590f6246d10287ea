"""Saved models asked anew: scores and explanations of tiles that are not as they were given (turned, without ink)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox import lrp
from biox.core.arrays import rows_within
from biox.core.device import device
from biox.core.find import bind, find
from biox.core.types import Fit
from biox.models import restore

BATCH_BYTES, BATCH_ROWS = 2**23, 256
AGAINST = " - "  # as in a study's methods: "CLASS - OTHER"


@dataclass(frozen=True)
class Asked:
    """A fit's model on ``device``, and how raw pixels are prepared for it (None: as they are)."""

    fit: Fit
    model: nn.Module
    prepare: Callable[[np.ndarray], np.ndarray] | None
    device: torch.device

    def input(self, pixels: np.ndarray) -> Float[Tensor, "tile 3 height width"]:
        """What the model sees of raw tiles."""
        raw = pixels if self.prepare is None else self.prepare(pixels)
        shift, scale = (self._tensor(v) for v in (self.fit.shift, self.fit.scale))
        return (torch.from_numpy(np.ascontiguousarray(raw)).to(self.device).float() - shift) / scale

    def logits(self, pixels: Any, rows: np.ndarray) -> Float[np.ndarray, "tile class"]:
        """The scores of some tiles, read in batches; pixels: anything indexed like (tile, 3, height, width)."""
        found = [np.zeros((0, len(self.fit.classes)))]
        with torch.inference_mode():
            read = (self.input(pixels[some]) for some in _batches(rows, pixels.shape))
            found += [self.model(x).cpu().double().numpy() for x in read]
        return np.concatenate(found)

    def relevance(
        self, tiles: np.ndarray, target: np.ndarray, method: Mapping[str, Any]
    ) -> Float[np.ndarray, "tile height width"]:
        """Relevance of tiles, added up over the colours, in units of the explained score.

        tiles: (tile, 3, height, width). target: the name of the explained class of each, or ``CLASS - OTHER``.
        method: the settings of a Relevance.
        """
        composite = lrp.composite(method["composite"]["name"], **method["composite"]["options"])
        low, high = (self._tensor(bound) for bound in (self.fit.low, self.fit.high))
        found = [np.zeros((0, *tiles.shape[2:]), np.float32)]
        for rows in _batches(np.arange(len(tiles)), tiles.shape):
            weights = self._tensor(_weights(target[rows], self.fit.classes))
            r = lrp.relevance(self.model, self.input(tiles[rows]), weights, composite, low=low, high=high)
            found.append(r.sum(1).float().cpu().numpy())
        return np.concatenate(found)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self.device)


def asked(fit: Fit) -> Asked:
    """The model of a saved fit, on the best device that is there."""
    where, prepare = device("auto"), None
    if fit.prepare is not None:
        function = find("biox.domains", fit.prepare["name"])
        prepare = partial(function, **bind(function, fit.prepare["options"], "prepare"))
    return Asked(fit, restore(fit).to(where), prepare, where)


def _weights(target: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Which sum of the scores is explained: 1 for the class, -1 for the one it is held against."""
    weights = np.zeros((len(target), len(classes)), np.float32)
    for k, name in enumerate(target):
        wanted, _, against = str(name).partition(AGAINST)
        weights[k, classes.index(wanted)] = 1
        if against:
            weights[k, classes.index(against)] = -1
    return weights


def _batches(rows: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    size = rows_within(shape, BATCH_BYTES, BATCH_ROWS)
    return np.split(rows, range(size, len(rows), size)) if len(rows) else []
