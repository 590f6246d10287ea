"""A made-up graph study in the shapes of the real ones: blocks of proteins, a graph, patients, and all evidence."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from biox.core.find import checked
from biox.core.graph_types import Graphs
from biox.core.study import Study
from biox.core.types import Axis, Cohort, Evidence, claims_table
from biox.domains.proteomics.predicted import GraphPrediction
from biox.report import study_page
from biox.report.given import Given
from tests.report.graph_evidence import evidence

ODD = (
    'p53 <b>&"x"</b> | a',
    "β-catenin, phosphorylated at serine 33, threonine 41 and many other places of the chain",
    "</script>",
)
STRONGEST = 40


@dataclass(frozen=True)
class Made:
    """Everything that a page of a graph study is made from."""

    study: Study
    cohort: Cohort
    evidence: Evidence
    graphs: Graphs | None
    provenance: dict = field(default_factory=dict)

    def given(self) -> Given:
        return Given(self.study, self.cohort, self.evidence, {}, self.provenance, None, self.graphs)

    def page(self):
        return study_page(self.given())

    def without(self, *names: str) -> "Made":
        tables = {key: value for key, value in self.evidence.tables.items() if key not in names}
        return replace(self, evidence=Evidence(self.evidence.claims, tables))

    def only(self, *names: str) -> "Made":
        return self.without(*(name for name in self.evidence.tables if name not in names))


def make(proteins: int = 60, patients: int = 90, types: tuple[str, ...] = ("BRCA", "LUAD", "SKCM"), nulls: bool = True):
    """A study of so many proteins and patients; with one type it is called "all", without nulls no edge has a p."""
    rng = np.random.default_rng(0)
    names = (*ODD, *(f"P{k:03d}" for k in range(proteins - len(ODD))))
    samples = pd.DataFrame(
        {
            "sample": [f"TCGA-{k:04d}" for k in range(patients)],
            "subject": [f"TCGA-{k - k % 10 // 9:04d}" for k in range(patients)],
            "label": [types[k % len(types)] for k in range(patients)],
            "batch": [f"set {k % 2}" for k in range(patients)],
            "age_years": rng.integers(30, 80, patients),
        }
    )
    x = rng.normal(size=(patients, proteins)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    notes = ("12 samples of normal tissue were left out.",)
    cohort = Cohort(
        x, samples, (Axis("protein", names),), "log2 intensity", tuple(sorted(types)), "subject", None, notes
    )
    settings = {
        "name": "made",
        "title": "A made graph study",
        "question": "Which proteins does the network rely on to predict which others, in each patient?",
        "domain": "proteomics",
        "data": {"source": "table"},
        "model": {"name": "masked_mlp", "width": 10, "layers": 3},
        "graph": {"nulls": 3 if nulls else 0},
        "variants": {"centred": {"prepare": {"name": "centred", "by": "label"}}},
    }
    graphs = _graphs(rng, names, samples, types, nulls)
    return Made(checked(Study, settings, "made.yaml"), cohort, evidence(rng, graphs, types), graphs, _provenance())


def _graphs(rng, names, samples, types, nulls) -> Graphs:
    p, groups = len(names), ("all", *types) if len(types) > 1 else ("all",)
    block = np.arange(p) // 8
    within = block[:, None] == block[None, :]
    strength = rng.exponential(0.01, (len(groups), p, p)) + within * rng.exponential(0.12, (len(groups), p, p))
    strength[:, np.arange(p), np.arange(p)] = 0
    signed = strength * np.where(rng.random((p, p)) < 0.3, -1, 1)
    a, b = np.triu_indices(p, 1)
    forward, backward = strength[0][a, b], strength[0][b, a]
    weight = (forward + backward) / 2
    predicted = np.ones(p, bool)
    predicted[[1, p - 1]] = False
    strong = weight > np.sort(weight)[-min(len(a), 3 * p)]
    kept = strong & predicted[a] & predicted[b]
    unknown = np.full(len(a), np.nan)
    edges = pd.DataFrame({
        "a": np.array(names)[a], "b": np.array(names)[b], "weight": weight, "forward": forward, "backward": backward,
        "sign": np.clip(signed[0][a, b] / (weight + 1e-9), -1, 1),
        "p": np.where(strong, 0.0004, 0.4) if nulls else unknown,
        "q": np.where(strong, 0.01, 0.6) if nulls else unknown, "folds": rng.integers(0, 6, len(a)) / 5,
        "seeds": rng.integers(0, 2, len(a)).astype(float) if nulls else unknown, "kept": kept,
    })  # fmt: skip
    angle = 2 * np.pi * (block / (block.max() + 1))
    near = rng.normal(0, 0.05, (2, p))
    degree = np.bincount(a[kept], minlength=p) + np.bincount(b[kept], minlength=p)
    r = np.clip(rng.normal(0.6, 0.15, p), -0.1, 0.95)
    r[~predicted] = 0.02
    nodes = pd.DataFrame({
        "protein": names, "r": r, "p": np.where(predicted, 1e-6, 0.4), "q": np.where(predicted, 1e-4, 1.0),
        "predicted": predicted, "strength_in": strength[0].sum(axis=0), "strength_out": strength[0].sum(axis=1),
        "degree": degree, "hub": degree >= np.sort(degree)[-5], "community": block,
        "x": np.clip(0.5 + 0.4 * np.cos(angle) + near[0], 0, 1),
        "y": np.clip(0.5 + 0.4 * np.sin(angle) + near[1], 0, 1),
    })  # fmt: skip
    average = {"main": strength, "centred": strength * 0.8}
    return Graphs(tuple(names), groups, average, {"main": signed}, nodes, edges, _patients(rng, names, samples, within))


def _patients(rng, names, samples, within) -> pd.DataFrame:
    source, target = np.nonzero(within & ~np.eye(len(names), dtype=bool))
    kept = min(STRONGEST, len(source))
    chosen = np.concatenate([rng.choice(len(source), kept, replace=False) for _ in range(len(samples))])
    weight = rng.normal(0, 0.3, len(chosen))
    who = np.repeat(np.arange(len(samples)), kept)
    found = pd.DataFrame({
        "sample": samples["sample"].to_numpy()[who], "source": np.array(names)[source[chosen]],
        "target": np.array(names)[target[chosen]], "weight": weight, "percentile": rng.random(len(chosen)),
    })  # fmt: skip
    order = np.lexsort((-np.abs(weight), who))
    found = found.iloc[order].reset_index(drop=True)
    found.insert(1, "rank", np.tile(np.arange(1, kept + 1), len(samples)))
    return found


def _provenance() -> dict:
    record = {"biox": "0.5", "git_commit": "abc", "python": "3.12", "packages": {"torch": "2"}, "seed": 0}
    return {"ingest": {**record, "settings": {}, "inputs": {"proteins.csv": "00ff"}}}


def prediction(made: Made, patients: int = 2) -> GraphPrediction:
    """New patients who look like the first ones of the cohort; the first is a member with values out of range."""
    assert made.graphs is not None
    names = [str(name) for name in made.cohort.samples["sample"][:patients]]
    edges = made.graphs.patients[made.graphs.patients["sample"].isin(names)].reset_index(drop=True)
    edges = edges.assign(low=edges["weight"] - 0.2, high=edges["weight"] + 0.2)
    first = np.arange(patients) == 0
    samples = pd.DataFrame({"sample": names, "subject": names, "label": "", "member": first, "outside": 0.04 * first})
    samples = samples.assign(unmeasured=0.0, unusual=3.4, usual=2.0, place=0.74)
    nodes = made.graphs.nodes
    accuracy = nodes[["protein", "r", "predicted"]]
    return GraphPrediction(samples, edges, accuracy, nodes, notes=("2 proteins of the study were not measured.",))


def with_rows(made: Made, name: str, change) -> Made:
    """The same study with one of its tables changed."""
    tables = dict(made.evidence.tables)
    tables[name] = change(tables[name].copy())
    return replace(made, evidence=Evidence(made.evidence.claims, tables))


def with_claims(made: Made, rows: list[dict]) -> Made:
    claims = pd.concat([made.evidence.claims, claims_table(rows)], ignore_index=True)
    return replace(made, evidence=Evidence(claims, made.evidence.tables))
