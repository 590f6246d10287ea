"""A made-up histology study: two slides and some tiles with a corner planted on one class, and all of its evidence."""

import io
import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from PIL import Image

from biox.core.find import checked
from biox.core.study import Study
from biox.core.types import Axis, Cohort, Evidence, Relevance, claims_table
from biox.report import Page, study_page
from biox.report.given import Given

CLASSES = ("normal", "tumour")
SIDE, PATIENTS, EACH = 32, 6, 10
VIEWS = {"given": 0.951, "clean": 0.712, "swapped": 0.204}


@dataclass(frozen=True)
class Tiles:
    """Everything that a page is made from."""

    study: Study
    cohort: Cohort
    evidence: Evidence
    relevances: dict

    def page(self) -> Page:
        return study_page(Given(self.study, self.cohort, self.evidence, self.relevances, {}))

    def with_claims(self, claims: pd.DataFrame) -> "Tiles":
        return replace(self, evidence=Evidence(claims, self.evidence.tables))

    def with_claim(self, claim: str, group: str, **changes: float | str) -> "Tiles":
        claims = self.evidence.claims.copy()
        rows = (claims["claim"] == claim) & (claims["group"] == group)
        assert rows.sum() == 1, f"{claim} of {group} stands {rows.sum()} times in the evidence"
        for name, value in changes.items():
            claims.loc[rows, name] = value
        return self.with_claims(claims)

    def with_tables(self, **tables: pd.DataFrame) -> "Tiles":
        return replace(self, evidence=Evidence(self.evidence.claims, {**self.evidence.tables, **tables}))

    def without_table(self, name: str) -> "Tiles":
        tables = {key: value for key, value in self.evidence.tables.items() if key != name}
        return replace(self, evidence=Evidence(self.evidence.claims, tables))


def make_tiles(classes: tuple[str, ...] = CLASSES) -> Tiles:
    """Six patients from two sites with ten tiles each; the model looks at the corner of the last class."""
    rng = np.random.default_rng(0)
    settings = {
        "name": "tiles",
        "title": "A study of made tiles",
        "question": "Does the model tell tumour from normal tissue by the tissue?",
        "domain": "histology",
        "label_level": "trial",
        "data": {"source": "simulated_tiles"},
        "model": "vgg",
        "variants": {"clean": {}},
    }
    cohort = _cohort(rng, classes)
    fold = cohort.samples["subject"].str[1:].astype(int).to_numpy() % 3
    scores = _scores(rng, cohort, fold)
    tables = {"scores": scores, **_tables(cohort), **_spray(rng, cohort)}
    evidence = Evidence(claims_table(_performance()), tables)
    return Tiles(checked(Study, settings, "tiles.yaml"), cohort, evidence, _relevances(rng, cohort, fold))


def _cohort(rng: np.random.Generator, classes: tuple[str, ...]) -> Cohort:
    n = PATIENTS * EACH
    x = np.empty((n, 3, SIDE, SIDE), dtype=np.uint8)
    y, grid = np.arange(n) % len(classes), np.mgrid[:SIDE, :SIDE]
    for i in range(n):
        tile = np.array([232, 190, 214])[:, None, None] + rng.normal(0, 8, (3, SIDE, SIDE))
        for _ in range(4 + 5 * int(y[i] > 0)):
            centre, radius = rng.uniform(0, SIDE, 2), rng.uniform(2, 3.5)
            inside = (grid[0] - centre[0]) ** 2 + (grid[1] - centre[1]) ** 2 < radius**2
            tile[:, inside] = np.array([92, 62, 138])[:, None] + rng.normal(0, 8, (3, int(inside.sum())))
        if y[i] == len(classes) - 1:
            tile[:, :6, :6] = np.array([30, 170, 90])[:, None, None]
        x[i] = tile.clip(0, 255)
    patient = np.arange(n) // EACH
    samples = pd.DataFrame({"sample": [f"t{i}" for i in range(n)], "subject": [f"P{p}" for p in patient]})
    samples = samples.assign(label=[classes[k] for k in y], slide=[f"S{p}" for p in patient], size=400.0, mpp=0.5)
    samples = samples.assign(site=np.where(patient < PATIENTS // 2, "north", "south"), scanner="one", planted=y > 0)
    samples["x"], samples["y"] = 400.0 * (np.arange(n) % EACH % 5), 400.0 * (np.arange(n) % EACH // 5 + 1)
    axes = (Axis("colour", ("red", "green", "blue")), *(Axis(a, tuple(map(str, range(SIDE))), "px") for a in "yx"))
    return Cohort(x, samples, axes, "8-bit intensity", classes, "trial", None, ("These tiles are made up.",))


def _scores(rng: np.random.Generator, cohort: Cohort, fold: np.ndarray) -> pd.DataFrame:
    logits = np.eye(len(cohort.classes))[cohort.y] * 2 + rng.normal(0, 1, (len(cohort.y), len(cohort.classes)))
    named = np.array(cohort.classes)[logits.argmax(axis=1)]
    table = cohort.samples[["sample", "subject", "label"]].assign(predicted=named, variant="main", fold=fold)
    return table.assign(**{f"logit:{name}": logits[:, k] for k, name in enumerate(cohort.classes)})


def _relevances(rng: np.random.Generator, cohort: Cohort, fold: np.ndarray) -> dict:
    folds = {}
    for k in range(3):
        values = rng.normal(0, 0.002, (len(cohort.y), SIDE, SIDE)).astype(np.float32)
        values[cohort.y == len(cohort.classes) - 1, :6, :6] += 0.03
        dark = np.asarray(cohort.x)[:, 0] < 120
        values[dark] += np.where(cohort.y > 0, 0.01, -0.01)[:, None, None].repeat(SIDE, 1).repeat(SIDE, 2)[dark]
        part = np.where(fold == k, "test", "train")
        samples = pd.DataFrame({"sample": cohort.samples["sample"], "part": part, "target": cohort.classes[-1]})
        samples = samples.assign(logit=1.0, conservation=0.01)
        folds[k] = {"main": Relevance("main", k, "lrp", {}, values, samples, cohort.axes[1:])}
    return {"lrp": folds}


def _tables(cohort: Cohort) -> dict[str, pd.DataFrame]:
    picture = np.full((120, 200, 3), 243, dtype=np.uint8)
    picture[20:110, 15:190] = (226, 170, 200)
    store = io.BytesIO()
    Image.fromarray(picture).save(store, "PNG")
    ring = json.dumps([[[150, 200], [1900, 200], [1900, 1100], [150, 1100]]])
    thumbnails = [(f"S{p}", store.getvalue(), 2000, 1200, ring) for p in range(2)]
    slides = [(f"S{p}", f"P{p}", "north", EACH, 0.71, 0.93 - 0.01 * p, 0.52, 0.8) for p in range(PATIENTS)]
    remedies = [
        ("AUROC", "clean", "clean", 0.712, 0.903, 0.191, 0.121, 0.263, "", "higher"),
        ("relevance in the artefact", "lrp", "clean", 0.31, 0.052, -0.258, -0.31, -0.2, "share", "lower"),
    ]
    gains = ["measure", "group", "variant", "before", "after", "gain", "low", "high", "unit", "better"]
    result = ["slide", "subject", "site", "tiles", "positive", "auroc", "score", "accuracy"]
    return {
        "thumbnails": pd.DataFrame(thumbnails, columns=["slide", "image", "width", "height", "tissue"]),
        "slides": pd.DataFrame(slides, columns=result),
        "remedies": pd.DataFrame(remedies, columns=gains),
        **_looked(),
    }


def _looked() -> dict[str, pd.DataFrame]:
    views = [("main", view, v, v - 0.03, v + 0.03, 60, 6) for view, v in VIEWS.items()]
    views.append(("clean", "clean", 0.903, 0.85, 0.95, 60, 6))
    regions = [
        ("lrp", "main", region, measure, value, value - 0.05, value + 0.05, chance, 30, 6)
        for region, (value, chance) in {"artefact": (0.31, 0.05), "object": (0.42, 0.2)}.items()
        for measure in ("RMA", "RRA", "mu")
    ]
    areas = [("lrp", v, "border", 0.2, 0.15, 0.25, 0.12, 0.2 / 0.12, 60, 6) for v in ("main", "clean")]
    words = "Groups of heatmaps of tumour go with site"
    scan = [
        ("lrp", "main", "predict", "site", 0.554, 0.501, 0.31, 0.62, 6, "patients", False, 0.03, "", "not told"),
        ("lrp", "main", "cluster", "site", 0.913, 0.512, 0.001, 0.004, 6, "patients", True, 0.03, "", words),
        ("lrp", "main", "ink", "", *[np.nan] * 4, 0, "", False, np.nan, "no ink", ""),
        ("lrp", "clean", "cluster", "site", 0.521, 0.512, 0.44, 0.88, 6, "patients", False, 0.03, "", ""),
    ]
    rates = [("main", "tissue_type", "necrosis", 12, 4, 0.4, 0.3, 0.5)]
    place = ["method", "variant", "region", "measure", "value", "low", "high", "chance", "tiles", "patients"]
    tested = ["method", "variant", "test", "covariate", "value", "chance", "p", "q", "n", "unit", "alarm"]
    sub = ["variant", "column", "value", "tiles", "patients", "rate", "low", "high"]
    columns = {
        "views": ["variant", "view", "auroc", "low", "high", "tiles", "patients"],
        "areas": ["method", "variant", "area", "share", "low", "high", "chance", "ratio", "tiles", "patients"],
    }
    return {
        "views": pd.DataFrame(views, columns=columns["views"]),
        "localisation": pd.DataFrame(regions, columns=place),
        "areas": pd.DataFrame(areas, columns=columns["areas"]),
        "scan": pd.DataFrame(scan, columns=[*tested, "label_tie", "reason", "words"]),
        "subclasses": pd.DataFrame(rates, columns=sub),
    }


def _spray(rng: np.random.Generator, cohort: Cohort) -> dict[str, pd.DataFrame]:
    name = cohort.classes[-1]
    own = cohort.samples[cohort.samples["label"] == name]
    cluster = np.arange(len(own)) % 2
    points = pd.DataFrame({"class": name, "sample": own["sample"].to_numpy(), "cluster": cluster})
    points["x"], points["y"] = 5 * cluster + rng.normal(0, 1, len(own)), rng.normal(0, 1, len(own))
    near = [";".join(own["sample"].to_numpy()[cluster == k][:4]) for k in range(2)]
    groups = [(name, k, int((cluster == k).sum()), 5, near[k], 0, 0, 8, 0.2, 0.01, 0.3, 4.2, 0.5) for k in range(2)]
    mean = [(name, k, i, j, (i < 2) * (j < 2) * 1.0 * k - 0.1) for k in range(2) for i in range(8) for j in range(8)]
    pure = [(name, 1, "site", "south", 15, 0.91, 0.5, 6, 0.001, 0.012), (name, 0, "scanner", "one", 15, 1, 1, 6, 1, 1)]
    found = ["class", "cluster", "tiles", "patients", "exemplars", "peak_row", "peak_column", "cells", "peak"]
    return {
        "spray_points": points,
        "spray_clusters": pd.DataFrame(groups, columns=[*found, "mirrored", "top_patient", "oddness", "planted"]),
        "spray_maps": pd.DataFrame(mean, columns=["class", "cluster", "row", "column", "value"]),
        "spray_purity": pd.DataFrame(
            pure, columns=["class", "cluster", "covariate", "level", "size", "purity", "elsewhere", "units", "p", "q"]
        ),
    }


def _row(claim: str, group: str, value: float, **more: float | str) -> dict:
    return {"claim": claim, "group": group, "value": value, **more}


def _performance() -> list[dict]:
    rows = []
    for measure, values in {"accuracy": (0.883, 0.5, 0.701), "AUROC": (0.951, 0.5, 0.741)}.items():
        for group, value in zip(("main", "zero-rule", "logistic"), values, strict=True):
            rows.append(_row(measure, group, value, low=value - 0.041, high=value + 0.038, n=6, unit="share"))
    rows.append(_row("centre ratio", "main | lrp", 1.31, low=1.12, high=1.52, n=6))
    rows.append(_row("accuracy above logistic", "main", 0.182, low=0.102, high=0.261, unit="share"))
    return rows
