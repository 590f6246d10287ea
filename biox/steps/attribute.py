"""Attribute: how much each input value spoke for a class, for every sample of the cohort."""

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from biox import lrp
from biox.core.device import device
from biox.core.study import Method, Study
from biox.core.types import Cohort, Fit, Relevance
from biox.models import restore
from biox.steps.fitted import input_of

BATCH = 256


def attribute(cohort: Cohort, fits: dict[str, Fit], name: str, study: Study) -> dict[str, Relevance]:
    """Explain every sample with the fits of one fold, one Relevance a variant (the baselines are not explained).

    The samples of all parts are explained: those of the test fold show how new people are judged, and those of the
    other folds give a picture that owes nothing to the test fold's people.
    """
    wanted = tqdm(study.all_variants(), desc=f"attribute {study.name}, {name}", unit="variant", disable=None)
    return {variant: explained(cohort, fits[variant], name, study) for variant in wanted}


def explained(cohort: Cohort, fit: Fit, name: str, study: Study) -> Relevance:
    """Relevance of every sample for one fit, in units of the explained class's score."""
    method, where = study.methods[name], device(study.compute.device)
    model, x = restore(fit).to(where), input_of(cohort, fit)
    target = torch.as_tensor(target_of(cohort, fit, method))
    values, scores = batched(model, x, target, method, (fit.low, fit.high))
    samples = fit.scores[["sample", "part"]].assign(
        target=[fit.classes[i] for i in target],
        logit=scores.numpy().astype(float),
        conservation=lrp.conservation_error(scores, values).numpy().astype(float),
    )
    settings = method.model_dump(mode="json")
    return Relevance(fit.variant, fit.fold, name, settings, values.numpy(), samples, fit.axes)


def target_of(cohort: Cohort, fit: Fit, method: Method) -> np.ndarray:
    """Class index to explain for every sample: its label, or the class with the highest score."""
    return cohort.y if method.target == "label" else fit.logits().argmax(axis=1)


def batched(
    model: nn.Module, x: Tensor, target: Tensor, method: Method, box: tuple[np.ndarray, np.ndarray]
) -> tuple[Tensor, Tensor]:
    """Relevance (sample, *feature) and explained score (sample,), batch by batch, on the processor."""
    where = next(model.parameters()).device
    low, high = (torch.as_tensor(bound, dtype=x.dtype, device=where) for bound in box)
    composite = lrp.composite(method.composite.name, **method.composite.options)
    values, scores = [], []
    for start in range(0, len(x), BATCH):
        batch, chosen = x[start : start + BATCH].to(where), target[start : start + BATCH].to(where)
        found = lrp.attribute(model, batch, chosen, composite, low=low, high=high)
        values.append(found.relevance.cpu())
        scores.append(found.score.cpu())
    return torch.cat(values), torch.cat(scores)
