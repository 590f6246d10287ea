"""What a histology study answers: how well, where the model looks, whether a bias was found; and what to beware of."""

import math
from typing import Any

from biox.core.subjects import Subject, subject
from biox.report.found import Claim, claim
from biox.report.given import Answer, Given
from biox.report.histology_bias import scanned, verdict
from biox.report.histology_places import KNOWN, centre_sentence, of_main, place_sentence
from biox.report.histology_remedies import named, told
from biox.report.histology_remedy_figure import AUROC
from biox.report.histology_views import on_views, view_name
from biox.report.words import amount, capital, interval, joined, number, percent

FEW_PATIENTS = 30
AUROC_OF_CHANCE = 0.5
TOLD = ("clean", "swapped", "off-centre")
REMEDIED = (AUROC, "relevance in the artefact")
FALLEN = ("clean", "swapped", "balanced", "everywhere")


def histology_answer(given: Given) -> Answer:
    """The sentences of the first section of the page and of the index."""
    found = (how_well(given), where(given), verdict(given), remedied(given))
    return Answer(tuple(words for words in found if words), tuple(cautions(given)))


def how_well(given: Given) -> str:
    """AUROC on patients the model had not seen, against colour alone and against guessing; then on other views."""
    own, logistic = (claim(given.evidence, "AUROC", name) for name in ("main", "logistic"))
    if own is None:
        return ""
    classes = joined(f"“{name}”" for name in given.cohort.classes)
    colour = (
        "" if logistic is None else f"; logistic regression on colour alone {amount(logistic.value, logistic.unit)}"
    )
    right = claim(given.evidence, "accuracy", "main")
    right_share = "" if right is None else f" and named {amount(right.value, right.unit)} of the samples right"
    ends = f"95 % interval {interval(own.low, own.high, own.unit)}; " if math.isfinite(own.low) else ""
    many = subject(given.cohort).many
    apart = (
        f"On {many} it had not seen the model told {classes} apart with an AUROC of {amount(own.value, own.unit)} "
        f"({ends}guessing 50 %{colour}){right_share}."
    )
    return " ".join(words for words in (apart, _verdict(own, logistic), _elsewhere(given), external(given)) if words)


def external(given: Given) -> str:
    """The AUROC on the external cohort, of which the models saw nothing; "" where there is none."""
    found = claim(given.evidence, "AUROC, external", "main")
    if found is None:
        return ""
    ends = f" (95 % interval {interval(found.low, found.high, found.unit)})" if math.isfinite(found.low) else ""
    patients = f" of {found.n:.0f} {subject(given.cohort).many}" if math.isfinite(found.n) else ""
    return f"On the external cohort{patients} it reaches {amount(found.value, found.unit)}{ends}."


def _verdict(own: Claim, logistic: Claim | None) -> str:
    if not math.isfinite(own.low):
        return ""
    if own.low <= AUROC_OF_CHANCE:
        return "No ability to tell them apart was shown."
    if logistic is not None and math.isfinite(logistic.value) and logistic.value > own.low:
        return "That is better than guessing, but not clearly better than colour alone."
    return "That is better than guessing."


def _elsewhere(given: Given) -> str:
    """The same AUROC on other versions of the tiles, where there are such."""
    by_view = on_views(given, "main")
    shown = [f"{_area(by_view[view])} {view_name(view)}" for view in TOLD if view in by_view][:2]
    return f"On other versions of the tiles it reaches {joined(shown)}." if shown else ""


def _area(row: Any) -> str:
    ends = f" (95 % interval {interval(row.low, row.high, 'share')})" if math.isfinite(row.low) else ""
    return percent(row.auroc, 1) + ends


def where(given: Given) -> str:
    """Where the relevance lies: on the marked structures, on the artefact, else on the part furthest from chance."""
    rows = [row for row in of_main(given) if row.place != "centre"]
    known = [row for row in rows if row.place in KNOWN]
    others = sorted((row for row in rows if row.place not in KNOWN), key=lambda row: (-row.times, row.place))
    shown = [place_sentence(row) for row in known or others[:1]]
    return " ".join([*shown, centre_sentence(given)]).strip()


def remedied(given: Given) -> str:
    """What each remedy changed: AUROC on the version of the tiles that asks most, and relevance on an artefact."""
    found = named(given)
    shown = [] if found is None else told(found, REMEDIED, 1)
    return f"Trained otherwise: {' '.join(shown)}" if shown else ""


def cautions(given: Given) -> list[str]:
    """Few patients, colour that does as well, and an AUROC that falls on another version of the tiles."""
    of = subject(given.cohort)
    words, patients = [] if of.known else [_unknown(of)], given.cohort.samples["subject"].nunique()
    if patients < FEW_PATIENTS:
        words.append(f"Only {patients} {of.many}: every figure here is uncertain, and {_scan_of_few(given)}.")
    gain = claim(given.evidence, "accuracy above logistic", "main")
    if gain is not None and math.isfinite(gain.low) and gain.low <= 0:
        ends = f"{number(100 * gain.low, 1)} to {number(100 * gain.high, 1)}"
        words.append(
            "Not shown to be better than logistic regression on the mean colours: the difference in accuracy is "
            f"{number(100 * gain.value, 1)} percentage points (95 % interval {ends})."
        )
    by_view = on_views(given, "main")
    own = by_view.get("given")
    fallen = {} if own is None else {v: row for v, row in by_view.items() if v in FALLEN and row.high < own.low}
    if own is not None and fallen:
        view = min(fallen, key=lambda name: fallen[name].auroc)
        words.append(
            f"The AUROC falls from {percent(own.auroc, 1)} to {percent(fallen[view].auroc, 1)} {view_name(view)}: "
            "part of it is owed to something other than the tissue."
        )
    return words


def _unknown(of: Subject) -> str:
    """What follows where nobody knows which images, slides or tiles are of one patient."""
    return (
        f"Patients are not known. {capital(of.many)} of one patient may stand in training and in testing, so that "
        f"figures may be too good, and intervals, which count {of.many} as independent, are too narrow."
    )


def _scan_of_few(given: Given) -> str:
    """What a bias scan of few patients is worth: it may find strong ties, or none at all."""
    own = scanned(given)
    made = own is not None and bool(own["p"].notna().any())
    return "a bias scan finds only strong ties" if made or own is None else "the bias scan could find nothing"
