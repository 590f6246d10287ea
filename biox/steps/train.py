"""From a cohort and a fold to trained models: the study's variants, and the two baselines beside them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.core.device import device
from biox.core.errors import InputError, listed
from biox.core.study import Named, Study, Training, Variant
from biox.core.types import Cohort, Fit
from biox.models import build, complete
from biox.steps.folds import assign, parts
from biox.steps.normalise import constants, select
from biox.steps.optimise import Examples, descend, optimise

BASELINES = {"zero-rule": "zero_rule", "logistic": "logistic"}


@dataclass(frozen=True)
class _Task:
    """One model to be trained: normalised samples of all people, and who is in which part."""

    x: Float[Tensor, "sample *feature"]
    y: Tensor
    part: np.ndarray
    classes: int
    seed: int


def train(cohort: Cohort, study: Study, fold: int) -> dict[str, Fit]:
    """Train every variant of the study for one fold, and always the baselines "zero-rule" and "logistic".

    People of the test fold take no part (but for normalise "minmax-all"). Those of the validation fold decide when to
    stop; with ``training.refit`` they then join the training. Equal cohort, study and fold give equal weights.
    A class that has no training sample, or a variant with the name of a baseline, is an InputError.
    """
    clash = set(BASELINES) & set(study.variants)
    if clash:
        raise InputError(f"A variant may not be called {listed(clash)}: that baseline runs in every study.")
    part = parts(assign(cohort.samples, study), fold, study.folds.count)
    absent = [name for k, name in enumerate(cohort.classes) if not (cohort.y[part == "train"] == k).any()]
    if absent:
        raise InputError(f"Fold {fold} has no training sample of class {listed(absent)}; use fewer folds.")
    seed = int(np.random.SeedSequence([study.seed, fold]).generate_state(1)[0])
    main = study.variant("main")
    variants = {name: study.variant(name) for name in study.all_variants()}
    variants |= {key: main.model_copy(update={"model": Named(name=model)}) for key, model in BASELINES.items()}
    return {name: _fit(cohort, variant, name, part, study, (fold, seed)) for name, variant in variants.items()}


def _fit(cohort: Cohort, variant: Variant, name: str, part: np.ndarray, study: Study, identity: tuple[int, int]) -> Fit:
    assert variant.model is not None
    assert variant.training is not None
    assert variant.normalise is not None
    fold, seed = identity
    rows, axes = select(cohort.axes, variant.channels)
    raw = np.asarray(cohort.x)[:, rows]
    shift, scale = constants(raw, part == "train", variant.normalise)
    x = ((raw - shift) / scale).astype(np.float32)
    place = device(study.compute.device)
    task = _Task(torch.from_numpy(x).to(place), torch.from_numpy(cohort.y).to(place), part, len(cohort.classes), seed)
    try:
        model, history = _trained(task, variant.model, variant.training)
    except InputError as error:
        raise InputError(f"Fold {fold}, variant {name!r}: {error}") from None
    return Fit(
        variant=name,
        fold=fold,
        seed=seed,
        model=variant.model.name,
        options=complete(variant.model.name, variant.model.options),
        weights={key: value.detach().cpu().clone() for key, value in model.state_dict().items()},
        classes=cohort.classes,
        axes=axes,
        unit=cohort.unit,
        normalise=variant.normalise,
        shift=shift,
        scale=scale,
        low=x[part == "train"].min(0),
        high=x[part == "train"].max(0),
        scores=_scores(model, task, cohort),
        history=history,
    )


def _trained(task: _Task, choice: Named, training: Training) -> tuple[nn.Module, pd.DataFrame]:
    """The model with its final weights, and its history; the global random state is left as it was."""
    chosen, validation = (_examples(task, (name,), training) for name in ("train", "validation"))
    everyone = _examples(task, ("train", "validation"), training)
    model = _fresh(task, choice)
    if hasattr(model, "solve"):
        known = everyone if training.refit else chosen
        model.solve(known.x, known.y, task.seed)
        return model.eval(), pd.DataFrame()
    # Dropout draws from torch's global stream: fork it, so that neither side disturbs the other.
    with torch.random.fork_rng():
        torch.manual_seed(task.seed)
        _solve_members(model, chosen, task.seed)
        history = optimise(model, chosen, validation, training, task.seed)
        if training.refit:
            model = _fresh(task, choice)
            _solve_members(model, everyone, task.seed)
            epochs = int(history.loc[history["best"], "epoch"].iloc[0])
            descend(model, everyone, epochs, training, task.seed)
    return model.eval(), history


def _solve_members(model: Any, examples: Examples, seed: int) -> None:
    if hasattr(model, "solve_members"):
        model.solve_members(examples.x, examples.y, seed)


def _fresh(task: _Task, choice: Named) -> Any:
    shape = tuple(task.x.shape[1:])
    return build(choice.name, shape, task.classes, choice.options, task.seed).to(task.x.device)


def _examples(task: _Task, names: tuple[str, ...], training: Training) -> Examples:
    rows = torch.from_numpy(np.isin(task.part, names)).to(task.x.device)
    y = task.y[rows]
    weight = torch.ones(task.classes)
    if training.balanced:
        weight = len(y) / (task.classes * torch.bincount(y.cpu(), minlength=task.classes).clamp(min=1))
    return Examples(task.x[rows], y, weight.to(task.x))


def _scores(model: nn.Module, task: _Task, cohort: Cohort) -> pd.DataFrame:
    """The logits of every sample, with the part it played."""
    with torch.inference_mode():
        logits = torch.cat([model(batch) for batch in task.x.split(1024)]).cpu().double().numpy()
    table = pd.DataFrame({"sample": cohort.samples["sample"].to_numpy(), "part": task.part})
    return table.assign(**{f"logit:{name}": logits[:, k] for k, name in enumerate(cohort.classes)})
