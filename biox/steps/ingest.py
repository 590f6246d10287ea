"""Ingest: raw files become a cohort that every later step can rely on."""

from dataclasses import replace

import numpy as np

from biox.core.errors import InputError, listed
from biox.core.find import find
from biox.core.sections import section
from biox.core.study import Study
from biox.core.types import Cohort
from biox.steps.folds import assign
from biox.steps.ingest_table import refuse_no_table
from biox.steps.learning import labels_of, learnt_from, viewed
from biox.steps.possible import check_target


def ingest(study: Study) -> Cohort:
    """Read a study's raw data, give the samples the study's classes, and check what any model would stumble over.

    Raises InputError for missing values, labels that are not in the data, duplicates, people in two classes where the
    label belongs to the person, and fewer people in a class than folds. A graph study keeps missing values and learns
    no classes; what it refuses is in ``refuse_no_table``.
    """
    read = find(f"biox.domains.{study.domain}", study.data.name)
    cohort = replace(read(**section(study, "data")), label_level=study.label_level)
    cohort = with_classes(cohort, study)
    refuse_duplicates(cohort, study.name)
    (_refuse_no_classes if study.graph is None else refuse_no_table)(cohort, study)
    assign(cohort.samples, study)  # refuses too few people, and given folds that do not fit
    return cohort


def with_classes(cohort: Cohort, study: Study) -> Cohort:
    """The cohort with the study's classes, each made of one or more labels of the data; other labels are left out."""
    if study.classes is None:
        return cohort
    unknown = sorted({old for olds in study.classes.values() for old in olds} - set(cohort.classes))
    if unknown:
        raise InputError(
            f"{study.name}, classes: {listed(unknown)} is no label of the data; it has {listed(cohort.classes)}."
        )
    new_of = {old: new for new, olds in study.classes.items() for old in olds}
    kept = cohort.take(np.asarray(cohort.samples["label"].isin(list(new_of))))
    samples = kept.samples.assign(original_label=kept.samples["label"], label=kept.samples["label"].map(new_of))
    return replace(kept, samples=samples, classes=tuple(study.classes), truth=merged_truth(cohort, study.classes))


def merged_truth(cohort: Cohort, classes: dict[str, tuple[str, ...]]) -> np.ndarray | None:
    """Where a merged class differs from the first one: wherever one of its labels, or one of the first's, does."""
    if cohort.truth is None:
        return None
    masks = [cohort.truth[[cohort.classes.index(old) for old in olds]].any(axis=0) for olds in classes.values()]
    return np.stack([mask | masks[0] if place else np.zeros_like(mask) for place, mask in enumerate(masks)])


def _refuse_no_classes(cohort: Cohort, study: Study) -> None:
    """What no model can tell classes by is an InputError."""
    refuse_names(cohort, study.name)
    refuse_one_class(cohort, study.name)
    refuse_absent_channels(cohort, study)
    refuse_settings(cohort, study)
    refuse_missing(cohort, study.name)
    refuse_two_classes(cohort, study.name)


def refuse_names(cohort: Cohort, where: str) -> None:
    """Names of classes and channels that the evidence joins its groups with, or uses itself, are an InputError."""
    for name in (*cohort.classes, *cohort.axes[0].labels):
        if " | " in name or " - " in name or name == "all" or not name.strip():
            raise InputError(
                f"{where}: a class or channel may not be called {name!r}: 'all', an empty name, and names with "
                "' | ' or ' - ' are taken. Rename it in the data, or give the class another name under `classes`."
            )


def refuse_one_class(cohort: Cohort, where: str) -> None:
    """Fewer than two classes with samples are an InputError: there is nothing to tell apart."""
    counts = cohort.samples["label"].value_counts().reindex(list(cohort.classes), fill_value=0)
    if (counts > 0).sum() < 2 or (counts == 0).any():
        found = ", ".join(f"{name!r} ({count})" for name, count in counts.items()) or "none"
        raise InputError(
            f"{where}: a study needs at least two classes, each with samples; found {found}. "
            "Is the column 'label' there, and does `classes` name labels of the data?"
        )


def refuse_absent_channels(cohort: Cohort, study: Study) -> None:
    """A variant that asks for channels the data lack is an InputError, before anything is trained."""
    for variant in study.all_variants():
        wanted = study.variant(variant).channels or ()
        absent = [name for name in wanted if name not in cohort.axes[0].labels]
        if absent:
            raise InputError(
                f"{study.name}, variant {variant!r}: the data have no channel {listed(absent)}; "
                f"they have {listed(cohort.axes[0].labels)}."
            )


def refuse_settings(cohort: Cohort, study: Study) -> None:
    """What a variant should learn, or a method explain, that these samples do not have is an InputError."""
    for variant in study.all_variants():
        learn = study.variant(variant).learn
        assert learn is not None
        try:
            labels_of(cohort, learn)
            learnt_from(cohort.samples, learn)
            viewed(cohort, learn)
        except InputError as error:
            raise InputError(f"{study.name}, variant {variant!r}: {error}") from None
    for name, method in study.methods.items():
        check_target(method, cohort.classes, f"{study.name}, method {name!r}: target")


def refuse_missing(cohort: Cohort, where: str) -> None:
    """Missing and infinite values are an InputError that names the first one; whole numbers are never missing."""
    if np.issubdtype(cohort.x.dtype, np.integer):
        return
    bad = np.argwhere(~np.isfinite(np.asarray(cohort.x)))
    if len(bad):
        sample, *place = bad[0]
        names = ", ".join(f"{axis.name} {axis.labels[i]}" for axis, i in zip(cohort.axes, place, strict=True))
        raise InputError(
            f"{where}: sample {cohort.samples['sample'].iloc[sample]!r} has no finite value at {names} "
            f"({len(bad)} such values in all). Remove these samples or fill the gaps before reading."
        )


def refuse_duplicates(cohort: Cohort, where: str) -> None:
    """Two samples of one name, or one trial of a person twice under the same label, are an InputError."""
    keys = ["subject", "label", "trial"] if "trial" in cohort.samples else ["sample"]
    for columns in (["sample"], keys):
        twice = cohort.samples[cohort.samples.duplicated(columns)]
        if len(twice):
            row = ", ".join(f"{name} {twice[name].iloc[0]}" for name in columns)
            raise InputError(
                f"{where}: {row} stands there more than once ({len(twice)} duplicates); each may be there once."
            )


def refuse_two_classes(cohort: Cohort, where: str) -> None:
    """A person with two labels is an InputError where the label belongs to the person."""
    if cohort.label_level != "subject":
        return
    labels = cohort.samples.groupby("subject")["label"].unique()
    several = labels[labels.map(len) > 1]
    if len(several):
        raise InputError(
            f"{where}: subject {several.index[0]!r} has the labels {listed(several.iloc[0])}, but a person has one "
            "label here. Mend the labels, or set `label_level: trial` if one person passes through several conditions."
        )
