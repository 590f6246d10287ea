"""Samples as a model sees them. Curves are normalised once and kept; images are read, prepared and normalised batch by
batch, so that a cohort of slides need not fit in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from biox.core.arrays import IN_MEMORY_BYTES, in_rows, rows_within

BATCH_BYTES = 2**25
BATCH_ROWS = 1024

Prepare = Callable[[np.ndarray], np.ndarray]
Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Scale:
    """From raw values to what a model sees: first ``prepare`` (or None), then ``channels``, then (x - shift) / scale.

    prepare: raw values to raw values of the same shape and type, such as a stain normalisation. channels: positions on
    the first feature axis. shift, scale: constants that broadcast over (*feature).
    """

    prepare: Prepare | None
    channels: np.ndarray
    shift: np.ndarray
    scale: np.ndarray

    def prepared(self, raw: np.ndarray) -> np.ndarray:
        """Raw values as every model of this scale gets them."""
        return raw if self.prepare is None else self.prepare(raw)

    def of_curves(self, raw: np.ndarray) -> Float[np.ndarray, "sample *feature"]:
        """Normalised values; computed in double precision."""
        return ((self.prepared(raw)[:, self.channels] - self.shift) / self.scale).astype(np.float32)

    def of_images(self, prepared: Tensor) -> Float[Tensor, "sample *feature"]:
        """Normalised values of prepared ones, on the device of ``prepared``."""
        x = prepared.float()[:, torch.as_tensor(self.channels, device=prepared.device)]
        shift, scale = (torch.as_tensor(v, dtype=x.dtype, device=x.device) for v in (self.shift, self.scale))
        return (x - shift) / scale


@dataclass(frozen=True)
class Inputs:
    """Some ``rows`` of the samples in ``source``, in that order, as a model sees them on ``device``.

    source: raw images with the scale that they need, or, where ``scale`` is None, a tensor of what the model sees.
    """

    source: Any
    rows: np.ndarray
    scale: Scale | None
    device: torch.device

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample, as the model sees it."""
        feature = tuple(self.source.shape[1:])
        return feature if self.scale is None else (len(self.scale.channels), *feature[1:])

    def where(self, mask: np.ndarray) -> "Inputs":
        """The marked samples."""
        return replace(self, rows=self.rows[mask])

    def batches(self, places: Iterable[np.ndarray] | None = None, change: Change | None = None) -> Iterator[Tensor]:
        """What the model sees, batch by batch.

        places: which samples make up each batch; left out, all in their order, as many at once as BATCH_BYTES hold.
        change: applied to images while their values are still raw (0 to 255, as floats).
        """
        wanted = self._in_order() if places is None else places
        if self.scale is None:
            for some in wanted:
                yield self.source[torch.from_numpy(self.rows[some]).to(self.source.device)].to(self.device)
            return
        for raw in ahead(self._prepared, wanted):
            values = raw.to(self.device).float()
            yield self.scale.of_images(values if change is None else change(values))

    def all(self) -> Float[Tensor, "sample *feature"]:
        """Every sample at once: for solvers and small cohorts."""
        return torch.cat(list(self.batches()))

    def _in_order(self) -> Iterator[np.ndarray]:
        size = rows_within((len(self), *self.shape), BATCH_BYTES, BATCH_ROWS)
        return (np.arange(start, min(start + size, len(self))) for start in range(0, len(self), size))

    def _prepared(self, places: np.ndarray) -> Tensor:
        assert self.scale is not None
        return torch.from_numpy(np.ascontiguousarray(self.scale.prepared(self.source[self.rows[places]])))


def inputs(x: Any, scale: Scale, images: bool, device: torch.device) -> Inputs:
    """All samples of an array-like ``x`` of raw values; images that fit in memory are prepared once for all epochs."""
    rows = np.arange(x.shape[0])
    if images and scale.prepare is not None and x.dtype.itemsize * int(np.prod(x.shape)) <= IN_MEMORY_BYTES:
        at_once = rows_within(x.shape, BATCH_BYTES, BATCH_ROWS)
        x = np.concatenate([scale.prepared(part) for part in in_rows(x, at_once)])
        scale = replace(scale, prepare=None)
    if images:
        return Inputs(x, rows, scale, device)
    return Inputs(torch.from_numpy(scale.of_curves(np.asarray(x))).to(device), rows, None, device)


def ahead(read: Callable[[np.ndarray], Tensor], batches: Iterable[np.ndarray]) -> Iterator[Tensor]:
    """What ``read`` gives for each batch, in order; the next one is read in another thread meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for places in batches:
            upcoming = pool.submit(read, places)
            if waiting is not None:
                yield waiting.result()
            waiting = upcoming
        if waiting is not None:
            yield waiting.result()
