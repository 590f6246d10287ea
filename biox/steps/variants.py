"""What each variant of a study changed, and what that did to its accuracy."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from biox.core.study import Study, Training
from biox.core.types import Evidence, Fit, claims_table
from biox.stats import metrics
from biox.stats.bootstrap import Resample, claim_row, interval

Fits = Mapping[int, Mapping[str, Fit]]


def variants(study: Study, fits: Fits, logits: Mapping[str, np.ndarray], y: np.ndarray, drawn: Resample) -> Evidence:
    """One row a variant: its model, normalisation, channels, what its training changes, accuracy, and its change
    against main.

    logits: out of fold by variant, shape (sample, class); y: shape (sample,). Intervals are of the same drawn people as
    those of the other claims, so that one figure has one interval; people are drawn alike for a variant and main.
    """
    rows, claims = [], []
    first = fits[min(fits)]
    for name in study.all_variants():
        fit = first[name]
        own = interval(lambda w, n=name: metrics.accuracy(logits[n], y, w), drawn)
        change = interval(
            lambda w, n=name: metrics.accuracy(logits[n], y, w) - metrics.accuracy(logits["main"], y, w), drawn
        )
        rows.append({
            "variant": name,
            "model": fit.model,
            "normalise": fit.normalise,
            "channels": ", ".join(fit.axes[0].labels),
            "training": changed_training(study, name, solved=fit.history.empty),
            "accuracy": own.value,
            "low": own.low,
            "high": own.high,
            "accuracy_change": change.value,
            "change_low": change.low,
            "change_high": change.high,
        })  # fmt: skip
        counted = f"{len(drawn.counts)} paired bootstrap draws of people"
        how = f"accuracy minus that of main, out of fold; 95 % interval, {counted}"
        claims.append(claim_row(change, "accuracy change", name, how, "share"))
    return Evidence(claims_table(claims[1:]), {"variants": pd.DataFrame(rows)})


def changed_training(study: Study, name: str, *, solved: bool) -> str:
    """Where a variant's training differs from main's: ``refit yes, weight decay 0.1``; "" where it does not.

    Of a model that a solver fits (``solved``), only what a solver heeds: who is trained on.
    """
    own, main = study.variant(name).training, study.training
    assert own is not None
    heeded = ("refit",) if solved else tuple(Training.model_fields)
    keys = [key for key in heeded if getattr(own, key) != getattr(main, key)]
    return ", ".join(f"{key.replace('_', ' ')} {_word(getattr(own, key))}" for key in keys)


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def with_explanations(generic: Evidence, domain: Evidence) -> Evidence:
    """The domain's evidence, its columns on variants (how the explanation changed) put beside the generic ones."""
    table = generic.tables["variants"]
    if "variants" in domain.tables:
        table = table.merge(domain.tables["variants"], on="variant", how="left", validate="one_to_one")
    return Evidence(pd.concat([generic.claims, domain.claims], ignore_index=True), {**domain.tables, "variants": table})
