"""A made-up study in the shapes of the real ones: classes, curves with a known difference, and the evidence."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from biox.core.find import checked
from biox.core.study import Study
from biox.core.types import Axis, Cohort, Evidence, Prediction, Relevance, claims_table
from biox.report import study_page
from biox.report.given import Given

CHANNELS = ("affected ML", "affected AP", "affected V", "unaffected ML", "unaffected AP", "unaffected V")
POINTS = np.arange(101.0)
PEOPLE, TRIALS = 9, 2


@dataclass(frozen=True)
class Made:
    """Everything that a page is made from."""

    study: Study
    cohort: Cohort
    evidence: Evidence
    relevances: dict
    provenance: dict

    def page(self):
        return study_page(Given(self.study, self.cohort, self.evidence, self.relevances, self.provenance))

    def with_claim(self, claim: str, group: str, **changes: float) -> "Made":
        claims = self.evidence.claims.copy()
        rows = (claims["claim"] == claim) & (claims["group"] == group)
        assert rows.sum() == 1, f"{claim} of {group} stands {rows.sum()} times in the evidence"
        for name, value in changes.items():
            claims.loc[rows, name] = value
        return replace(self, evidence=Evidence(claims, self.evidence.tables))

    def without_table(self, name: str) -> "Made":
        tables = {key: value for key, value in self.evidence.tables.items() if key != name}
        return replace(self, evidence=Evidence(self.evidence.claims, tables))


def make(
    classes: tuple[str, ...] = ("healthy", "knee"), channels: tuple[str, ...] = CHANNELS, title: str = "A made study"
):
    rng = np.random.default_rng(0)
    settings = {
        "name": "made",
        "title": title,
        "question": "Do the ground reaction forces of people with a knee disorder differ from those of healthy people?",
        "domain": "gait",
        "data": {"source": "simulate"},
        "variants": {"vertical-only": {"channels": ["affected V", "unaffected V"]}, "svm": {"model": "linear_svm"}},
    }
    cohort = _cohort(rng, classes, channels)
    study = checked(Study, settings, "made.yaml")
    return Made(study, cohort, _evidence(rng, cohort), _relevances(rng, cohort), _provenance())


def _cohort(rng: np.random.Generator, classes: tuple[str, ...], channels: tuple[str, ...]) -> Cohort:
    rows = [
        (f"P{100 * k + p}", name, t, p) for k, name in enumerate(classes) for p in range(PEOPLE) for t in range(TRIALS)
    ]
    samples = pd.DataFrame(rows, columns=["subject", "label", "trial", "fold"])
    samples["fold"] %= 3
    samples.insert(0, "sample", [f"s{i}" for i in range(len(samples))])
    samples["speed_mps"] = np.round(rng.normal(1.3, 0.1, len(samples)), 2)
    samples["sex"] = ["f" if row[3] % 2 else "m" for row in rows]
    hill = np.exp(-((POINTS - 25) ** 2) / 200) + np.exp(-((POINTS - 77) ** 2) / 200)
    x = np.stack([(0.1 + 0.2 * (c % 3)) * hill for c in range(len(channels))])[None] * np.ones((len(samples), 1, 1))
    x += rng.normal(0, 0.03, (len(samples), len(channels), 1))
    planted = np.exp(-((POINTS - 40) ** 2) / 50)
    x[:, min(2, len(channels) - 1)] -= 0.06 * planted * np.array([classes.index(row[1]) for row in rows])[:, None]
    truth = np.zeros((len(classes), len(channels), 101), dtype=bool)
    truth[1:, min(2, len(channels) - 1), 33:48] = True
    axes = (Axis("channel", channels), Axis("stance", tuple(str(int(p)) for p in POINTS), "%"))
    return Cohort(x, samples, axes, "body weight", classes, "subject", truth, ("These people are made up.",))


def _relevances(rng: np.random.Generator, cohort: Cohort) -> dict:
    folds = {}
    for fold in range(3):
        part = np.where(cohort.samples["fold"] == fold, "test", "train")
        values = (
            rng.normal(0, 0.004, cohort.x.shape)
            + 0.03 * cohort.truth[cohort.y] * np.sign(cohort.y - 0.5)[:, None, None]
        )
        samples = pd.DataFrame({"sample": cohort.samples["sample"], "part": part, "target": cohort.samples["label"]})
        samples = samples.assign(logit=1.0, conservation=0.01)
        folds[fold] = {"main": Relevance("main", fold, "lrp", {}, values, samples, cohort.axes)}
    return {"lrp": folds}


def _evidence(rng: np.random.Generator, cohort: Cohort) -> Evidence:
    pairs = [f"{b} - {a}" for i, a in enumerate(cohort.classes) for b in cohort.classes[i + 1 :]]
    main = pairs[0] if len(pairs) == 1 else "all classes"
    tables = {
        "curves": _curves(rng, cohort, pairs),
        **_spm(cohort, pairs, main),
        **_performance(cohort),
        "agreement_null": pd.DataFrame({"method": "lrp", "value": rng.normal(0, 0.12, 2000)}),
    }
    return Evidence(claims_table([*_generic_claims(cohort), *_gait_claims(cohort, main)]), tables)


def _curves(rng: np.random.Generator, cohort: Cohort, pairs: list[str]) -> pd.DataFrame:
    rows = []

    def add(quantity: str, group: str, channel: str, value: np.ndarray, band: float, method: str = "") -> None:
        low, high = (value - band, value + band) if np.isfinite(band) else (np.full(101, np.nan),) * 2
        own = {"quantity": quantity, "group": group, "channel": channel, "point": POINTS, "value": value}
        rows.append(pd.DataFrame({**own, "low": low, "high": high, "method": method}))

    kind = "relevance t" if len(pairs) == 1 else "relevance F"
    for c, channel in enumerate(cohort.axes[0].labels):
        add("relevance abs", "all", channel, np.full(101, 0.002 if c else 0.01), 0.001, "lrp")
        add(kind, pairs[0] if len(pairs) == 1 else "all classes", channel, 3 * np.sin(POINTS / 5) + c, np.nan, "lrp")
        bump = np.exp(-((POINTS - 40) ** 2) / 60) * (c == 2) + 0.1 * rng.normal()
        for k, name in enumerate(cohort.classes):
            add("mean", name, channel, np.asarray(cohort.x)[cohort.y == k, c].mean(axis=0), 0.04)
            add("relevance", name, channel, (0.02 * bump + 0.001 * np.sin(POINTS / 9)) * (1 if k else -1), 0.002, "lrp")
            add("truth", name, channel, cohort.truth[k, c].astype(float), np.nan)
        for pair in pairs:
            add("t", pair, channel, -5 * bump + np.sin(POINTS / 9), np.nan)
            add("effect", pair, channel, -1.1 * bump, 0.4)
        if len(pairs) > 1:
            add("F", "all classes", channel, 14 * bump**2 + 1, np.nan)
    return pd.concat(rows, ignore_index=True)


def _spm(cohort: Cohort, pairs: list[str], main: str) -> dict[str, pd.DataFrame]:
    thresholds, clusters = [], []
    for comparison in dict.fromkeys([main, *pairs]):
        quantity = "F" if comparison == "all classes" else "t"
        for channel in cohort.axes[0].labels:
            for method, value in (("random field", 3.08), ("permutation", 2.97)):
                for prefix, explanation in (("", ""), ("relevance ", "lrp")):
                    named = (f"{prefix}{quantity}", comparison, channel, method)
                    thresholds.append((*named, value, 0.05, explanation))
                    if channel == "affected V":
                        clusters.append((*named, 33.2, 47.1, -1, 0.0004, explanation))
    overlap = [
        ("lrp", main, channel, 101, 14 if channel == "affected V" else 0, 0.14, 0.41, 0.92, 0.34, "")
        for channel in cohort.axes[0].labels
    ]
    overlap.append(("lrp", main, "all channels", 606, 14, 0.023, 0.41, 0.92, 0.34, ""))
    which = ["quantity", "comparison", "channel", "method"]
    columns = ["method", "comparison", "channel", "points", "significant", "share_significant"]
    return {
        "thresholds": pd.DataFrame(thresholds, columns=[*which, "value", "alpha", "explanation"]),
        "clusters": pd.DataFrame(clusters, columns=[*which, "start", "end", "sign", "p", "explanation"]),
        "overlap": pd.DataFrame(
            overlap, columns=[*columns, "rank_correlation", "auroc", "mass_in_significant", "note"]
        ),
    }


def _performance(cohort: Cohort) -> dict[str, pd.DataFrame]:
    names = cohort.classes
    confusion = [("main", a, b, 14 if a == b else 4) for a in names for b in names]
    calibration = [("main", b / 5, (b + 1) / 5, b / 5 + 0.1, b / 5 + 0.05, 3 + b) for b in range(1, 5)]
    people = cohort.samples.drop_duplicates("subject")
    subjects = [
        (
            row.subject,
            row.label,
            row.label if k % 7 else names[0],
            0.99 - 0.03 * k,
            4 - 0.4 * k,
            k + 1,
            row.fold,
            TRIALS,
        )
        for k, row in enumerate(people.itertuples())
    ]
    small = ("vertical-only", "mlp", "zscore", "affected V, unaffected V")
    variants = [
        ("main", "mlp", "zscore", "all", 0.881, 0.84, 0.92, *[np.nan] * 3, 1.0, np.nan, np.nan),
        (*small, 0.83, 0.78, 0.88, -0.05, -0.1, 0.0, 0.91, 0.8, 0.95),
    ]
    columns = ["variant", "model", "normalise", "channels", "accuracy", "low", "high", "accuracy_change"]
    more = ["change_low", "change_high", "relevance_correlation", "relevance_low", "relevance_high"]
    return {
        "confusion": pd.DataFrame(confusion, columns=["variant", "true", "predicted", "count"]),
        "calibration": pd.DataFrame(calibration, columns=["variant", "low", "high", "confidence", "accuracy", "n"]),
        "subjects": pd.DataFrame(
            subjects, columns=["subject", "label", "predicted", "score", "certainty", "rank", "fold", "trials"]
        ),
        "variants": pd.DataFrame(variants, columns=[*columns, *more]),
    }


def _row(claim: str, group: str, value: float, **more: float | str) -> dict:
    return {"claim": claim, "group": group, "value": value, **more}


def _generic_claims(cohort: Cohort) -> list[dict]:
    rows = []
    for measure, values in {
        "accuracy": (0.881, 0.542, 0.862),
        "balanced accuracy": (0.874, 0.5, 0.853),
        "AUROC": (0.941, 0.5, 0.921),
    }.items():
        for group, value in zip(("main", "zero-rule", "logistic"), values, strict=True):
            rows.append(_row(measure, group, value, low=value - 0.041, high=value + 0.038, n=18, unit="share"))
    rows += [
        _row("Brier score", "main", 0.0912, low=0.07, high=0.12),
        _row("accuracy above zero-rule", "main", 0.339, low=0.291, high=0.387, unit="share"),
        _row("accuracy above logistic", "main", 0.019, low=-0.012, high=0.047, unit="share"),
        _row("conservation error, median", "lrp", 0.0123, n=36),
        _row("conservation error, worst", "lrp", 0.217, n=36),
    ]
    for name in (*cohort.classes, "all"):
        part = cohort.samples if name == "all" else cohort.samples[cohort.samples["label"] == name]
        rows.append(_row("subjects", name, part["subject"].nunique(), unit="people"))
        rows.append(_row("samples", name, len(part), unit="samples"))
    return rows


def _gait_claims(cohort: Cohort, main: str) -> list[dict]:
    rows = []
    for channel in cohort.axes[0].labels:
        there, group = channel == "affected V", f"{main} | {channel}"
        p = 0.0004 if there else 0.41
        rows.append(
            _row("curves differ", group, 6.31 if there else 1.9, p=p, q=min(1, 6 * p), n=18, unit="t", method="Welch t")
        )
        rows.append(_row("curves differ, permutation", group, 6.31 if there else 1.9, p=p, q=p, n=18))
        rows.append(_row("points significant", group, 0.139 if there else 0.0, unit="share"))
        rows.append(
            _row("largest effect", group, -1.14, low=-1.6, high=-0.7, unit="Hedges g", method="at 40 % of stance")
        )
        rows.append(_row("explanations differ", f"lrp | {main} | {channel}", 4.4, p=p, q=min(1, 6 * p), unit="t"))
        rows.append(_row("rank correlation of relevance and SPM", f"lrp | {channel}", 0.37))
        area = {"method": "undefined: no point is significant"} if not there else {}
        rows.append(
            _row("AUROC of relevance for significant points", f"lrp | {channel}", 0.93 if there else np.nan, **area)
        )
    rows += [
        _row("points significant", f"{main} | all channels", 0.0231, unit="share"),
        _row("rank correlation of relevance and SPM", "lrp", 0.412, low=0.311, high=0.503),
        _row("AUROC of relevance for significant points", "lrp", 0.927, low=0.871, high=0.962),
        _row(
            "agreement on disjoint people",
            "lrp",
            0.387,
            p=0.0011,
            method="10,000 circular shifts",
        ),
        _row("agreement on disjoint people, chance", "lrp", 0.002, low=-0.236, high=0.241),
        _row("covariate and score", "speed_mps", 0.11, p=0.32, q=0.64, n=18),
        _row("covariate differs between classes", "speed_mps", 1.2, p=0.22, q=0.44, method="Kruskal-Wallis"),
        _row("covariate and relevance", "speed_mps | affected V", 0.21, p=0.11, q=0.66, n=18),
        _row("rater agreement", "relevance | plausible", 0.61, low=0.42, high=0.77, n=20),
    ]
    for name, mass in (("knee", 0.337), ("all", 0.337)):
        rows.append(_row("relevance mass in windows", f"lrp | {name}", mass, low=0.28, high=0.39, n=9, unit="share"))
        rows.append(
            _row("relevance mass over chance", f"lrp | {name}", 2.24, low=1.87, high=2.61, n=9, unit="times chance")
        )
        rows.append(_row("rank accuracy in windows", f"lrp | {name}", 0.512, low=0.44, high=0.58, n=9, unit="share"))
        rows.append(
            _row("rank accuracy over chance", f"lrp | {name}", 3.41, low=2.9, high=3.9, n=9, unit="times chance")
        )
    return rows


def _provenance() -> dict:
    record = {
        "step": "ingest",
        "biox": "0.1.0",
        "git_commit": "0123456789abcdef",
        "python": "3.11.9",
        "packages": {"numpy": "2.0.0", "torch": "2.13.0"},
        "seed": 0,
        "settings": {"data": {"source": "simulate"}},
        "inputs": {"data/forces.csv": "ab" * 32},
    }
    return {"ingest": record, "validate": {**record, "step": "validate", "seed": 4}}


@pytest.fixture(scope="session")
def made() -> Made:
    return make()


@pytest.fixture(scope="session")
def made_with():
    """A function that makes a study with other classes, channels or title."""
    return make


@pytest.fixture
def prediction(made) -> tuple[pd.DataFrame, Prediction]:
    """One new person with two trials, and the cohort's out-of-fold scores."""
    cohort, rng = made.cohort, np.random.default_rng(1)
    people = cohort.samples.drop_duplicates("subject")
    scores = np.where(people["label"] == "knee", 1.5, -1.5) + rng.normal(0, 1, len(people))
    rows = people[["subject", "label", "fold"]].assign(part="test")
    sides = {"healthy": -scores, "knee": scores}
    known = pd.concat([rows.assign(margin=v, standing=v / 2, **{"class": name}) for name, v in sides.items()])
    x = np.asarray(cohort.x[-2:]).copy()
    x[0, 2, 50:60] += 0.5
    samples = pd.DataFrame(
        {"sample": ["a", "b"], "subject": "N1", "predicted": "knee", "member": False, "agree": [1.0, 2 / 3]}
    )
    samples = samples.assign(**{"logit:healthy": [-1.0, 0.2], "logit:knee": [1.4, 0.4]})
    places = pd.DataFrame(
        {"subject": "N1", "class": ["healthy", "knee"], "score": [-1.2, 1.2], "place": [0.111, 0.444]}
    ).assign(**{f"standing:{k}": [-0.6 - 0.1 * k, 0.6 + 0.1 * k] for k in range(3)})
    outside = [("a", "affected V", 0.099, "55", 0.91, 0.1, 0.52)]
    columns = ["sample", "channel", "share", "at", "value", "low", "high"]
    relevance = np.asarray(made.relevances["lrp"][0]["main"].values[-2:])
    table = pd.DataFrame(outside, columns=columns)
    return known, Prediction(x, samples, cohort.axes, relevance, np.array([0.01, 0.02]), places, table)
