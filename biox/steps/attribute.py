"""Attribute: how much each input value spoke for a class, for the samples of the cohort."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from biox import lrp
from biox.core.arrays import room, rows_within
from biox.core.device import device
from biox.core.errors import InputError
from biox.core.study import Method, Study
from biox.core.types import Cohort, Fit, Relevance
from biox.explain import Background, explain, score_of
from biox.models import restore
from biox.steps.background import background_for
from biox.steps.explained import Explained, explained_by
from biox.steps.fitted import inputs_of
from biox.steps.inputs import Inputs
from biox.steps.shards import in_shard

BATCH_BYTES = 2**23
BATCH_ROWS = 256


def attribute(cohort: Cohort, fits: dict[str, Fit], name: str, study: Study, shard: int = 0) -> dict[str, Relevance]:
    """Explain samples with the fits of one fold, one Relevance a variant (the baselines are not explained).

    The samples of all parts are explained, unless the method says otherwise: those of the test fold show how new people
    are judged, and those of the other folds give a picture that owes nothing to the test fold's people. ``shard`` says
    which of the study's ``compute.shards`` parts of the samples; together they are what a study without shards gets.
    """
    wanted = tqdm(study.all_variants(), desc=f"attribute {study.name}, {name}", unit="variant", disable=None)
    return {variant: explained(cohort, fits[variant], name, study, shard) for variant in wanted}


def explained(cohort: Cohort, fit: Fit, name: str, study: Study, shard: int) -> Relevance:
    """Relevance of a shard of samples for one fit, in units of the explained score; of images, summed over colours."""
    method, where = study.methods[name], device(study.compute.device)
    chosen = (fit.scores["part"] == "test").to_numpy() | (method.samples == "all")
    everyone = inputs_of(cohort, fit, where)
    own = in_shard(int(chosen.sum()), batch_rows(everyone), shard, study.compute.shards)
    chosen[np.delete(np.flatnonzero(chosen), own)] = False
    target, x = explained_by(cohort, fit, method).where(chosen), everyone.where(chosen)
    background = background_for(method, cohort, fit, where, study.seed)
    values, scores, missing = batched(restore(fit).to(where), x, target, method, background, cohort.images)
    samples = fit.scores.loc[chosen, ["sample", "part"]].reset_index(drop=True)
    samples = samples.assign(
        target=target.names,
        logit=scores.astype(float),
        conservation=missing.astype(float),
    )
    axes = fit.axes[1:] if cohort.images else fit.axes
    return Relevance(fit.variant, fit.fold, name, method.model_dump(mode="json"), values, samples, axes)


def batch_rows(x: Inputs) -> int:
    """How many samples are explained at once."""
    return rows_within((len(x), *x.shape), BATCH_BYTES, BATCH_ROWS)


def batched(
    model: nn.Module, x: Inputs, target: Explained, method: Method, background: Background, images: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relevance (sample, *feature), explained score (sample,) and the share of it that relevance does not account for.

    Computed batch by batch; large relevance lies in a temporary file.

    images: relevance is added up over the first feature axis.
    """
    size = batch_rows(x)
    places = np.split(np.arange(len(x)), range(size, len(x), size)) if len(x) else []
    shape = x.shape[1:] if images else x.shape
    values, scores, missing = room((len(x), *shape)), *np.empty((2, len(x)), np.float32)
    for rows, batch in zip(places, x.batches(places), strict=True):
        found, score = _explained(model, batch, target.of(rows, x.device), method, background)
        relevance = (found.sum(1) if images else found).cpu()
        values[rows], scores[rows] = relevance.numpy(), score.numpy()
        missing[rows] = missing_share(method, score, relevance)
    return values, scores, missing


def missing_share(method: Method, score: Tensor, relevance: Tensor) -> np.ndarray:
    """Which share of each score its relevance does not account for; NaN of methods that do not promise to."""
    error = lrp.conservation_error(score, relevance).numpy()
    return error if method.divides_score else np.full_like(error, np.nan)


def _explained(
    model: nn.Module, x: Tensor, target: Any, method: Method, background: Background
) -> tuple[Tensor, Tensor]:
    """Relevance and score of one batch; LRP gives both in one pass."""
    if method.method.name == "lrp":
        composite = lrp.composite(method.composite.name, **method.composite.options)
        found = lrp.attribute(model, x, target, composite, low=background.low, high=background.high)
        return found.relevance, found.score.cpu()
    with torch.no_grad():
        score = score_of(model, target)(x).cpu()
    name, settings = method.method.name, method.method.options
    try:
        return explain(model, x, target, method=name, settings=settings, background=background), score
    except ValueError as error:
        raise InputError(f"{name} cannot explain this model: {error}") from None
