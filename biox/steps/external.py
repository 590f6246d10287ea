"""An external test cohort: other people, another hospital. Every model judges them, and nothing learns from them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from biox.core.arrays import in_rows
from biox.core.device import device
from biox.core.errors import InputError, listed
from biox.core.evidence import joined
from biox.core.find import find
from biox.core.sections import section
from biox.core.study import Study
from biox.core.types import Cohort, Evidence, Fit, claims_table
from biox.domains.histology import across
from biox.domains.histology.positive import positive_class
from biox.models import restore
from biox.stats import metrics
from biox.stats.bootstrap import Resample, claim_row, interval, resample
from biox.steps.fitted import inputs_of
from biox.steps.ingest import refuse_duplicates, refuse_missing, refuse_one_class, refuse_two_classes, with_classes
from biox.steps.performance import BASELINES, Outcome, performance

DRAWS = 2000
EXTERNAL = "external"
KNOWN = ("subject", "label", "site", "scanner", "stain")
"""What is said of each slide beside its figures, where the table has it."""


def external(study: Study, cohort: Cohort) -> Cohort:
    """Read the external cohort of a study, with the classes of its own ``cohort`` in their order.

    It passes the checks of ``ingest``, except for folds, of which it has none. Labels that the models do not know, one
    class only, and samples that stand in the study's own cohort as well (same person, same values) are an InputError.
    """
    if study.external is None:
        raise InputError(f"{study.name} has no external cohort; its file has no `external` section.")
    where = f"{study.name}, external"
    read = find(f"biox.domains.{study.domain}", study.external.name)
    found = replace(read(**section(study, "external")), label_level=study.label_level)
    found = replace(_with_known_classes(found, study, cohort, where), classes=cohort.classes)
    refuse_one_class(found, where)
    refuse_missing(found, where)
    refuse_duplicates(found, where)
    refuse_two_classes(found, where)
    refuse_known(found, cohort, where)
    return found


def refuse_known(found: Cohort, cohort: Cohort, where: str) -> None:
    """Samples of a person of the same name with the same values in the study's own cohort are an InputError."""
    shared = sorted(set(found.samples["subject"]) & set(cohort.samples["subject"]))
    if not shared:
        return
    mine, theirs = (np.flatnonzero(c.samples["subject"].isin(shared)) for c in (found, cohort))
    learnt = {piece.tobytes() for piece in _each(cohort.take(theirs).x)}
    again = [row for row, piece in zip(mine, _each(found.take(mine).x), strict=True) if piece.tobytes() in learnt]
    if again:
        first = found.samples.iloc[again[0]]
        raise InputError(
            f"{where}: sample {first['sample']!r} of {first['subject']!r} stands in the study's own cohort as well "
            f"({len(again)} such samples): the models learnt from it. Take it out of one of the two."
        )


def external_evidence(found: Cohort, study: Study, fits: Mapping[int, Mapping[str, Fit]]) -> Evidence:
    """How well every variant does on the external cohort: claims called ``..., external``, with intervals over people.

    fits: by fold and variant; a sample's score is the mean of the logits of all folds' models. Tables:
    ``external_scores`` (one row a sample and variant) and ``external_slides`` (one row a slide, or a person where
    there are no slides, by main).
    """
    names = list(fits[min(fits)])
    logits = {name: mean_logits(found, [fold[name] for fold in fits.values()], study) for name in names}
    out = Outcome(found.y, found.samples["subject"].to_numpy(), found.classes, found.label_level)
    stratum = found.samples["label"].to_numpy() if found.label_level == "subject" else None
    drawn = resample(out.subject, stratum=stratum, draws=DRAWS, seed=study.seed)
    rows = [row for name in names for row in _measured(name, logits[name], out, drawn)]
    scores = pd.concat([_scores(found, name, logits[name]) for name in names], ignore_index=True)
    sought = positive_class(found.classes, study.validate_.get("positive"))
    tables = {"external_scores": scores, "external_slides": slide_table(found, logits["main"], sought)}
    return joined([_counts(found), Evidence(claims_table(rows + _changes(logits, out.y, drawn)), tables)])


def with_external(
    evidence: Evidence, found: Cohort | None, study: Study, fits: Mapping[int, Mapping[str, Fit]]
) -> Evidence:
    """The evidence of a study, with that of its external cohort where it has one."""
    if found is None:
        return evidence
    more = external_evidence(found, study, fits)
    elsewhere = [_across(found, fits, more, study.seed)] if "across" in evidence.tables else []
    return joined([evidence, more, *elsewhere])


def _across(found: Cohort, fits: Mapping[int, Mapping[str, Fit]], more: Evidence, seed: int) -> Evidence:
    """The rows on the external cohort of the table on sites and stains (``biox.domains.histology.across``)."""
    drawn, every = resample(found.samples["subject"].to_numpy(), draws=DRAWS, seed=seed), np.ones(len(found.y), bool)
    scores, names = more.tables["external_scores"], across.prepared(fits)
    logits = {n: scores.loc[scores["variant"] == n, [f"logit:{c}" for c in found.classes]].to_numpy() for n in names}
    rows = across.scored(found.y, logits, names, {EXTERNAL: every}, drawn)
    return Evidence(claims_table([]), {"across": rows})


def mean_logits(cohort: Cohort, fits: list[Fit], study: Study) -> np.ndarray:
    """Mean logits over the models of several folds, shape (sample, class)."""
    where = device(study.compute.device)
    total = np.zeros((len(cohort.samples), len(cohort.classes)))
    for fit in fits:
        model, see = restore(fit).to(where), inputs_of(cohort, fit, where)
        with torch.inference_mode():
            total += torch.cat([model(batch) for batch in see.batches()]).cpu().double().numpy()
    return total / len(fits)


def slide_table(cohort: Cohort, logits: np.ndarray, sought: int) -> pd.DataFrame:
    """One row a slide (a person where there are no slides), in their order.

    Columns: ``slide``, what is known of it (KNOWN; ``label`` lists several), ``tiles``, ``accuracy``, ``auroc`` (NaN
    where all have one label) and ``score``, the mean probability of class ``sought``. logits: shape (sample, class).
    """
    samples, y = cohort.samples.reset_index(drop=True), cohort.y
    key = "slide" if "slide" in samples else "subject"
    probability = softmax(logits, axis=1)[:, sought]
    rows = []
    for name, part in samples.groupby(key, sort=False):
        at = part.index.to_numpy()
        facts = {c: ", ".join(dict.fromkeys(part[c].astype(str))) for c in KNOWN if c in part and c != key}
        both = len(set(y[at])) == len(cohort.classes)
        rows.append(
            {"slide": str(name), **facts, "tiles": len(at), "accuracy": float(metrics.accuracy(logits[at], y[at])),
             "auroc": float(metrics.auroc(logits[at], y[at])) if both else np.nan,
             "score": float(probability[at].mean())}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _with_known_classes(found: Cohort, study: Study, cohort: Cohort, where: str) -> Cohort:
    """The cohort with the study's classes; of the labels that make up a class, some may be absent here."""
    if study.classes is None:
        unknown = sorted(set(found.samples["label"]) - set(cohort.classes))
        if unknown:
            raise InputError(
                f"{where}: the models do not know the label {listed(unknown)}; they know {listed(cohort.classes)}. "
                "Name the labels that make up each class under `classes`."
            )
        return found
    present = {new: tuple(old for old in olds if old in found.classes) for new, olds in study.classes.items()}
    return with_classes(found, study.model_copy(update={"classes": present}))


def _each(x: Any) -> Any:
    return (sample for piece in in_rows(x, 256) for sample in piece)


def _measured(name: str, logits: np.ndarray, out: Outcome, drawn: Resample) -> list[Any]:
    """The claims of ``performance``, named as those of the external cohort."""
    how = "external cohort, mean of all folds' logits"
    rows = performance(name, logits, out, drawn).claims.to_dict("records")
    return [
        {**row, "claim": f"{row['claim']}, external", "method": f"{row['method']}".replace("out of fold", how)}
        for row in rows
    ]


def _changes(logits: Mapping[str, np.ndarray], y: np.ndarray, drawn: Resample) -> list[dict[str, Any]]:
    """AUROC of every further variant minus that of main, on the same drawn people."""
    draws = f"{len(drawn.counts)} paired bootstrap draws of people"
    how = f"AUROC minus that of main, external cohort; 95 % interval, {draws}"
    rows = []
    for name in (name for name in logits if name not in ("main", *BASELINES)):
        change = interval(lambda w, n=name: metrics.auroc(logits[n], y, w) - metrics.auroc(logits["main"], y, w), drawn)
        rows.append(claim_row(change, "AUROC change, external", name, how, "share"))
    return rows


def _scores(cohort: Cohort, name: str, logits: np.ndarray) -> pd.DataFrame:
    known = [c for c in ("sample", "subject", "label", "slide", "site") if c in cohort.samples]
    predicted = np.array(cohort.classes)[logits.argmax(1)]
    columns = {f"logit:{c}": logits[:, k] for k, c in enumerate(cohort.classes)}
    return cohort.samples[known].reset_index(drop=True).assign(variant=name, predicted=predicted, **columns)


def _counts(cohort: Cohort) -> Evidence:
    rows = [
        {"claim": "subjects, external", "group": "all", "value": cohort.samples["subject"].nunique(), "unit": "people"},
        {"claim": "samples, external", "group": "all", "value": len(cohort.samples), "unit": "samples"},
    ]
    return Evidence(claims_table(rows), {})
