"""What each variant of a study changed, and what that did to its accuracy."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from biox.core.study import Strict, Study, Training
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

    Of a model that a solver fits (``solved``), only what a solver heeds: who and what is learnt from.
    """
    own = study.variant(name)
    assert own.training is not None
    assert own.learn is not None
    assert own.prepare is not None
    heeded = ("refit",) if solved else tuple(Training.model_fields)
    words = _differences(own.training, study.training, heeded) + _differences(own.learn, study.learn)
    return ", ".join(words + ([f"prepare {own.prepare.name}"] if own.prepare != study.prepare else []))


def _differences(own: Strict, main: Strict, keys: tuple[str, ...] = ()) -> list[str]:
    """``key value`` of every setting in which two differ; of all keys where none are named."""
    wanted = keys or tuple(type(own).model_fields)
    values = {key: getattr(own, key) for key in wanted if getattr(own, key) != getattr(main, key)}
    return [f"{key.replace('_', ' ')} {_word(value)}" for key, value in values.items()]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " and ".join(f"{key} {'/'.join(map(_word, values))}" for key, values in value.items()) or "all"
    return str(value)


def with_explanations(generic: Evidence, domain: Evidence) -> Evidence:
    """The domain's evidence, its columns on variants (how the explanation changed) put beside the generic ones."""
    table = generic.tables["variants"]
    if "variants" in domain.tables:
        table = table.merge(domain.tables["variants"], on="variant", how="left", validate="one_to_one")
    return Evidence(pd.concat([generic.claims, domain.claims], ignore_index=True), {**domain.tables, "variants": table})
