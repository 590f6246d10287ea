"""The small studies of the bias laboratory: simulated patients, a small network, and what is measured of each bias.

One study is 12 patients with 50 tiles of 32 x 32 pixels at 1 um, three folds and thus 200 training tiles, and takes a
few seconds. Every function takes a seed and gives a record of figures; all of them are of out-of-fold tiles.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from bias_kept import Made, Seen

from biox.core.study import Study
from biox.core.types import Cohort
from biox.domains.histology.looks import raised, regions
from biox.domains.histology.measures import area_under_curve, centre, centre_ratio
from biox.domains.histology.out_of_fold import Heatmaps, heatmaps, logits_of, turned_shares
from biox.domains.histology.planted import Plant, planted
from biox.domains.histology.simulated_tiles import SimulatedTiles, simulated_tiles
from biox.steps.attribute import attribute
from biox.steps.train import train

FOLDS = 3
CELLS = 8
COHORT: dict[str, Any] = {
    "patients": 12,
    "tiles_each": 50,
    "tile": 32,
    "contrast": 1.5,
    "scanners": ("A",),
    "stain_spread": 0.0,
}
TRAINING = {"epochs": 14, "batch": 60, "learning_rate": 6e-3}
DOSES = (0.05, 0.1, 0.25, 1.0)  # and that of the biased cohorts
STATED = 0.5  # share of the tumour tiles that carry the corner in the biased cohorts of the scan
CURVE = {"patients": 16, "tile": 40, "off_centre": 0.5}  # larger, for figures that need a better network
NECROSIS = 0.4  # of the tiles without tumour in the studies of sampling, so that the remedy has some to learn from
UNLIKE = {"scanners": ("A", "B"), "stain_spread": 0.06}  # hospitals whose pictures differ, and patients' stains


class Run:
    """A cohort with its trained models and their heatmaps."""

    def __init__(self, cohort: Cohort, seed: int, **study: Any) -> None:
        self.cohort = cohort
        self.study = study_of(seed, **study)
        self.fits = {k: train(cohort, self.study, k) for k in range(FOLDS)}
        self.folds = {k: attribute(cohort, fit, "lrp", self.study) for k, fit in self.fits.items()}

    def maps(self, variant: str = "main") -> Heatmaps:
        """Out-of-fold heatmaps."""
        return heatmaps(self.cohort, self.folds, variant)

    def auroc(self, variant: str = "main", view: str = "given", rows: np.ndarray | None = None) -> float:
        """AUROC for the label, of some tiles (a mask), in a view."""
        y = self.cohort.y
        logits = logits_of(self.cohort, self.fits, variant, view)
        chosen = np.ones(len(y), bool) if rows is None else rows
        return float(area_under_curve(logits, y, chosen)(np.ones((1, len(y))))[0])


def study_of(seed: int, training: dict[str, Any] | None = None, **more: Any) -> Study:
    """A study of tumour against normal tiles with the small network."""
    return Study.model_validate(
        {
            "name": "bias",
            "title": "bias laboratory",
            "question": "is the bias found?",
            "domain": "histology",
            "label_level": "trial",
            "seed": seed,
            "data": {"source": "simulated_tiles"},
            "folds": {"count": FOLDS},
            "model": {"name": "bias_nets:strided"},
            "training": TRAINING | (training or {}),
            "methods": {"lrp": {"composite": "epsilon-gamma-box", "samples": "test"}},
            **more,
        }
    )


@lru_cache(maxsize=1)
def clean_cohort(seed: int) -> Cohort:
    """Simulated patients without any bias: one scanner, one stain, sites that differ in name only."""
    return cohort_of(seed)


def cohort_of(seed: int, **changes: Any) -> Cohort:
    """Simulated patients."""
    return simulated_tiles(SimulatedTiles(**(COHORT | changes), seed=seed))


def seen(run: Run) -> Seen:
    """What the scan needs of main."""
    maps = run.maps()
    return Seen(run.cohort, maps, turned_shares(run.cohort, run.fits, maps, CELLS))


def clean(seed: int) -> Made:
    """Nothing planted."""
    run = Run(clean_cohort(seed), seed)
    return Made({"auroc": run.auroc()}, {"scan": seen(run)})


def dosed(seed: int, share: float, artefact: str = "corner") -> Made:
    """An artefact on a share of the tumour tiles; the remedies are data without it and data with it in both classes."""
    cohort = planted(clean_cohort(seed), Plant(artefact=artefact, share=share, label="tumour", seed=seed))
    remedies = {"clean": {"learn": {"view": "clean"}}, "balanced": {"learn": {"view": "everywhere"}}}
    run = Run(cohort, seed, variants=remedies if share == 1 else {})
    record = {}
    for variant in run.study.all_variants():
        mass = regions(cohort, run.maps(variant), positive=1)["artefact"]
        record[variant] = {view: run.auroc(variant, view) for view in ("given", "clean", "swapped")}
        record[variant] |= {"mass": float(np.nanmean(mass["RMA"])), "chance": float(np.nanmean(mass["chance"]))}
    return Made(record, {"scan": seen(run)})


def biased(seed: int) -> Made:
    """The stated bias for the scan: a corner on half of the tumour tiles."""
    return dosed(seed, STATED)


def site(seed: int, patients: int = 12) -> Made:
    """Two hospitals with unlike scanners, one with most of the tumours: the scanner gives the label away."""
    cohort = cohort_of(seed, **_as_many_tiles(patients), tumour_at={"north": 0.85, "south": 0.15})
    return Made({}, {"scan": seen(Run(cohort, seed))})


def scanners(seed: int, patients: int = 12) -> Made:
    """Two hospitals with unlike scanners and as many tumours: explanations may differ, but there is no shortcut."""
    return Made({}, {"scan": seen(Run(cohort_of(seed, **_as_many_tiles(patients)), seed))})


def _as_many_tiles(patients: int) -> dict[str, Any]:
    """More patients with fewer tiles each: what their number alone changes."""
    return {**UNLIKE, "patients": patients, "tiles_each": COHORT["patients"] * COHORT["tiles_each"] // patients}


def label(seed: int) -> Made:
    """The label of the centre cell in place of any tumour cell; remedies: the right label, and with shifted crops."""
    cohort = cohort_of(seed, **CURVE)
    right = {"learn": {"label": "label"}}
    shifted = {**right, "training": TRAINING | {"shift": 6}}
    run = Run(cohort, seed, learn={"label": "centre_label"}, variants={"any-cell": right, "shifted": shifted})
    at = (cohort.samples["centre_label"] == "tumour").to_numpy()
    negative, record = cohort.y == 0, {}
    for variant in run.study.all_variants():
        maps = run.maps(variant)
        tumour = maps.values[cohort.y[maps.rows] == 1]
        disc = centre(*tumour.shape[1:])
        size = np.abs(tumour)
        share = size[:, disc].sum(1) / size.sum((1, 2))
        record[variant] = {
            "all": run.auroc(variant),
            "centred": run.auroc(variant, rows=negative | at),
            "off_centre": run.auroc(variant, rows=negative | ~at),
            "centre_ratio": float(centre_ratio(share, float(disc.mean()))(np.ones((1, len(share))))[0]),
        }
    return Made(record, {})


def sampling(seed: int) -> Made:
    """No necrosis to learn from; the remedy: learn from all tissue."""
    cohort = cohort_of(seed, **CURVE, necrosis=NECROSIS)
    kinds = ("stroma", "gland", "tumour")
    run = Run(cohort, seed, learn={"where": {"tissue_type": kinds}}, variants={"with-necrosis": {"learn": {}}})
    negative = cohort.y == 0
    dead = (cohort.samples["necrosis"].to_numpy() >= 0.5) & negative
    living = ~(cohort.samples["tissue_type"] == "necrosis").to_numpy() & negative & ~dead
    record = {}
    for variant in run.study.all_variants():
        logits = logits_of(cohort, run.fits, variant)
        value = raised(cohort, run.fits, run.maps(variant), 1, np.ones(len(negative), bool))
        record[variant] = {
            "rate_necrosis": float((logits[dead].argmax(1) == 1).mean()),
            "rate_else": float((logits[living].argmax(1) == 1).mean()),
            "relevance_necrosis": float(np.nanmean(value[dead])),
            "relevance_else": float(np.nanmean(value[living])),
            "relevance_tumour": float(np.nanmean(value[~negative])),
            "auroc": run.auroc(variant),
        }
    return Made(record, {})
