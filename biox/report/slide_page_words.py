"""The sentences of a one-slide report: each with its number and what to hold it against."""

import math

import pandas as pd

from biox.domains.histology.predicted import OVER, SlidePrediction
from biox.domains.histology.tile_colours import Likeness
from biox.report.marks import short
from biox.report.words import joined, number, percent, plural

LONG = 20  # letters of a patient's name
UNSURE = 0.8
"""Where the folds' models agree on fewer tiles than this on average, the reader is told."""
ENLARGED = 1.25
"""How many times wider or narrower nuclei may look than in the cohort before the reader is told."""
FLAWED = 0.1
"""The share of flawed tiles from which the reader is told."""
ROUGH = (
    "The place is rough: a mean of several models is less extreme than the single ones that judge the cohort's slides."
)
TWICE = 2.0
"""How many times its chance relevance on glass, borders or flawed tiles may hold before the reader is told."""


def answer(found: SlidePrediction, name: str) -> str:
    """What the models say of the tiles of one slide, and how that compares with the slides of the cohort."""
    row = _row(found, name)
    named = found.positive
    lower, slides = round(row["place"] * len(found.reference)), len(found.reference)
    if row["tiles"] == 1:
        said = f"The models give {name} a probability of {percent(row['score'])} of being “{named}”."
    else:
        said = (
            f"The models call {percent(row['over'])} of the {plural(row['tiles'], 'tile')} of {name} “{named}” "
            f"(probability over {percent(OVER)}); the mean probability is {percent(row['score'])}."
        )
    return (
        f"{said} It is lower on {lower} of the {plural(slides, 'slide')} of the cohort, each judged by the model that "
        f"did not learn from it. {ROUGH} On average {percent(row['agree'])} of the folds' models agree on a tile."
    )


def rests(found: SlidePrediction, name: str) -> str:
    """What the heatmap rests on, each with its chance."""
    table = found.rests[name].set_index("place")
    if table["share"].isna().all():
        return "No pixel spoke for the explained class on this slide."
    half = float(table["share"].to_dict()["half"])
    parts = [
        f"{percent(row['share'])} {row['words']} (by chance {percent(row['chance'])})"
        for place, row in table.iterrows()
        if place != "half" and math.isfinite(row["share"])
    ]
    half_of = f"Half of what spoke for {explained(found)} lies on {percent(half)} of the tiles."
    return f"{half_of} Of all of it, {joined(parts)}."


def explained(found: SlidePrediction) -> str:
    """What the heatmap is about: ``“tumour”``, or ``“tumour” rather than “normal”``."""
    targets = [str(target) for target in dict.fromkeys(found.relevance.samples["target"])]
    return joined(("“" + target.replace(" - ", "” rather than “") + "”" for target in targets), "or")


def cautions(found: SlidePrediction, name: str) -> list[str]:
    """Every reason to doubt the answer for this slide."""
    row, like = _row(found, name), found.likeness[name]
    said = []
    if row["known"]:
        said.append(
            "A slide of this name is in the cohort: if it is the same, most of the folds' models learnt from it, and "
            "the answer may be too good. The study's own report shows it by the one model that did not."
        )
    if like.outside:
        others = _of_patients(like.farther, like.patients)
        said.append(
            f"Its colours are unlike the cohort's: they lie {number(like.distance, 1)} standard deviations from those "
            f"of the most similar patient ({short(like.nearest, LONG)}), farther than {others} "
            f"lies from its most similar one{_by_chance(like)}. Another scanner, another staining or another tissue: "
            "the models may be wrong."
        )
    if max(like.nucleus / like.usual, like.usual / like.nucleus) > ENLARGED:  # never for NaN
        said.append(
            f"Its nuclei look {number(like.nucleus, 0)} pixels wide, the cohort's {number(like.usual, 0)}: it is "
            "shown at another magnification than the models learnt (mend it by tiles.mpp), or has other cells."
        )
    if row["agree"] < UNSURE:
        said.append(f"The folds' models agree on only {percent(row['agree'])} of a tile's votes: they are not sure.")
    if row["flagged"] > FLAWED:
        said.append(f"{percent(row['flagged'])} of its tiles are flawed (out of focus, inked, empty, black or folded).")
    return said + _misplaced(found.rests[name])


def spread_of_colours(found: SlidePrediction, name: str) -> str:
    """Whether the slide's colours lie within the cohort, in one sentence."""
    like = found.likeness[name]
    verdict = "outside of" if like.outside else "within"
    return (
        f"Its colours lie {verdict} the cohort's range: {number(like.distance, 1)} standard deviations from the most "
        f"similar patient ({short(like.nearest, LONG)}); {percent(like.farther)} of the cohort's {like.patients} "
        "patients lie at least as far from theirs. "
        f"{percent(like.unusual)} of its tiles have a colour that is rare in the cohort (there "
        f"{percent(like.expected)} have)."
    )


def _misplaced(rests: pd.DataFrame) -> list[str]:
    """Relevance where there is nothing to see, more than chance; what it means is for the reader to judge."""
    bad = rests[rests["place"].isin(["glass", "border", "flagged"])]
    bad = bad[(bad["share"] > TWICE * bad["chance"]) & (bad["share"] > 0.05)]
    return [
        f"{percent(row['share'])} of what spoke for the class lies {row['words']}, "
        f"{number(row['share'] / row['chance'], 1)} times what chance would put there. On the heatmap, see whether "
        "it follows the edge of the tissue or lies on something that the models should not need."
        for _, row in bad.iterrows()
        if row["chance"] > 0
    ]


def _by_chance(like: Likeness) -> str:
    """How often a slide like the cohort's would be that far, too: as often as one patient of it, itself included."""
    often = (round(like.farther * like.patients) + 1) / (like.patients + 1)
    return f", which by chance about {percent(often)} of slides like the cohort's would be"


def _of_patients(farther: float, patients: int) -> str:
    rest = patients - round(farther * patients)
    return f"any of its {patients} patients" if rest == patients else f"{rest} of its {patients} patients"


def _row(found: SlidePrediction, name: str) -> pd.Series:
    return found.slides[found.slides["slide"] == name].iloc[0]
