"""Influence: what each network of a graph study relied on in the samples that it never saw."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from biox.core.device import device
from biox.core.graph_types import MaskedFit
from biox.core.study import Method, Study
from biox.core.types import Cohort
from biox.explain.all_targets import Changed, changed, relevance_of_targets
from biox.explain.influence import Explain, Found, Masks, Seen, batch_size, influence
from biox.explain.influence_gradients import expected_gradients
from biox.models import restore_masked
from biox.steps.arms import arms, table_of
from biox.steps.graph_train import levels
from biox.steps.influence_settings import gamma_of
from biox.steps.shards import in_shard

BACKGROUND = 500


@dataclass(frozen=True)
class Piece:
    """The influences of some samples, (sample, source, target), with their rows of the sample table."""

    values: np.ndarray
    samples: pd.DataFrame


@dataclass(frozen=True)
class Job:
    """The influences of one arm in one shard, computed when ``pieces`` is run through."""

    variant: str
    samples: int
    pieces: Iterator[Piece]


def influences(cohort: Cohort, study: Study, fits: Mapping[str, MaskedFit], name: str, shard: int) -> Iterator[Job]:
    """One job an arm for the test samples of the fits' fold that fall into a shard (``biox.steps.shards``).

    Of the study's first method all arms are explained, of the others ``main`` alone.
    """
    assert study.graph is not None
    first = name == next(iter(study.methods))
    for arm in arms(study) if first else arms(study)[:1]:
        fit = fits[arm.name]
        test = np.flatnonzero((fit.parts["part"] == "test").to_numpy())
        x, _ = table_of(cohort, study, arm)
        size = batch_size(x.shape[1], _network(fit, study, study.methods[name]).first.shape[1], masks_of(study))
        rows = test[in_shard(len(test), size, shard, study.graph.shards)]
        yield Job(arm.name, len(rows), _pieces(x, cohort.samples["sample"], study, (fit, study.methods[name]), rows))


def _pieces(
    x: np.ndarray, names: pd.Series, study: Study, how: tuple[MaskedFit, Method], rows: np.ndarray
) -> Iterator[Piece]:
    fit, method = how
    found = explained(x[rows], fit, study, (method, background(x, fit)), rows)
    done = 0
    for one in tqdm(found, desc=f"influence {fit.variant}", unit="piece", disable=None, leave=False):
        part = rows[done : done + len(one.values)]
        done += len(part)
        table = {"sample": names.to_numpy()[part], "masks": one.masks, "error": one.error}
        yield Piece(one.values, pd.DataFrame(table))


def explained(
    x: np.ndarray, fit: MaskedFit, study: Study, how: tuple[Method, np.ndarray], numbers: np.ndarray
) -> Iterator[Found]:
    """Influences in samples of raw levels (sample, protein) for one fit, in units of each target's training sd.

    how: the method and the raw training levels that expected gradients start from. numbers: as in ``Seen``.
    """
    assert study.graph is not None
    method, background = how
    where, masks = device(study.compute.device), masks_of(study)
    network = _network(fit, study, method)
    units = network.first.shape[1]
    start = levels(background, fit.shift, fit.scale, where).values
    size = batch_size(x.shape[1], units, masks)
    for first in range(0, len(x), size):
        some = slice(first, first + size)
        # Random draws start anew with each batch: what a sample gets does not depend on the batches before it.
        drawn = np.random.SeedSequence([fit.seed, int(numbers[first])]).generate_state(1)
        explain = EXPLAIN[method.method.name](network, start, int(drawn[0]))
        seen = levels(x[some], fit.shift, fit.scale, where)
        yield from influence(explain, Seen(seen.values, seen.measured, numbers[some]), masks, units, fit.seed)


def masks_of(study: Study) -> Masks:
    """Which masks every sample of a graph study gets."""
    assert study.graph is not None
    return Masks(study.graph.masks, study.graph.error, study.graph.blocks)


def _network(fit: MaskedFit, study: Study, method: Method) -> Changed:
    assert study.graph is not None
    products = {"float32": torch.float32, "bfloat16": torch.bfloat16}[study.graph.products]
    return changed(restore_masked(fit).to(device(study.compute.device)), gamma_of(method), products)


def background(x: np.ndarray, fit: MaskedFit) -> np.ndarray:
    """The raw training levels, at most BACKGROUND of them and evenly from the table, where expected gradients start."""
    train = np.flatnonzero((fit.parts["part"] == "train").to_numpy())
    return x[train[np.linspace(0, len(train) - 1, min(len(train), BACKGROUND)).round().astype(int)]]


def _lrp(network: Changed, background: Tensor, seed: int) -> Explain:
    return partial(_relevance, network)


def _relevance(network: Changed, values: Tensor, shown: Tensor, seen: Tensor, targets: Tensor) -> Tensor:
    return relevance_of_targets(network, values, shown, seen, targets)[0]


EXPLAIN: Mapping[str, Callable[[Changed, Tensor, int], Explain]] = {
    "lrp": _lrp,
    "expected_gradients": expected_gradients,
}
