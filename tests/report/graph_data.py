"""A made-up graph study in the shapes of the real ones: blocks of proteins, a graph, patients, and all evidence."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from biox.core.find import checked
from biox.core.graph_types import Graphs
from biox.core.study import Study
from biox.core.types import Axis, Cohort, Evidence, claims_table
from biox.domains.proteomics.predicted import GraphPrediction, unusual
from biox.report import study_page
from biox.report.given import Given

ODD = (
    'p53 <b>&"x"</b> | a',
    "β-catenin, phosphorylated at serine 33, threonine 41 and many other places of the chain",
    "</script>",
)
STRONGEST, SAME = 40, "without same protein"
METHODS = {"lrp": 0.97, "pearson": 0.74, "partial": 0.95, "lasso": 0.93, "genie3": 0.96, "expected-gradients": 0.9}
SINGLE = {"lrp": 0.96, "lioness": 0.89, "product": 0.87}


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
    return Made(checked(Study, settings, "made.yaml"), cohort, _evidence(rng, graphs, types), graphs, _provenance())


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


def _evidence(rng, graphs: Graphs, types) -> Evidence:
    nodes = graphs.nodes
    proteins = nodes[["protein", "r", "p", "q", "predicted"]].assign(
        low=nodes["r"] - 0.08, high=nodes["r"] + 0.07, n=90
    )
    tables = {
        "proteins": proteins,
        "benchmark": _benchmark(),
        "precision_curve": _curve(rng),
        **_types(rng, graphs, types),
        "pathways": _pathways(graphs),
        "pathway_members": pd.DataFrame({"pathway": "p53 pathway", "protein": graphs.proteins[:6]}),
        "confounders": _confounders(graphs),
        "halves": pd.DataFrame(
            [
                ("main", "rank correlation", 0.91, 0.88, 0.93, 20),
                ("main", "share of top 100 in common", 0.82, 0.75, 0.88, 20),
            ],
            columns=["arm", "measure", "value", "low", "high", "n"],
        ),
        "stability": pd.DataFrame(
            [("folds", "rank correlation", 0.86), ("seeds", "share of top 100 in common", 0.79)],
            columns=["kind", "measure", "value"],
        ),
    }
    return Evidence(_claims(), tables)


def _claims() -> pd.DataFrame:
    return claims_table(
        [{"claim": "AUROC", "group": "lrp | truth | average", "value": 0.97, "low": 0.95, "high": 0.98}]
    )


def _benchmark() -> pd.DataFrame:
    rows = []
    for pairs in ("all", SAME):
        for method, value in METHODS.items():
            for measure, scale, base in (("AUROC", 1.0, 0.5), ("AUPR", 0.6, 0.1), ("precision of top 100", 0.5, 0.19)):
                v = scale * value - 0.05 * (pairs == SAME)
                ends = (np.nan, np.nan) if method == "genie3" else (v - 0.03, v + 0.02)
                rows.append((method, "reactome", "average", pairs, measure, v, *ends, 0.001, 200, base))
    for method, value in SINGLE.items():
        own = (value, value - 0.01, value + 0.01, np.nan, 90, 0.5)
        rows += [(method, "truth", s, "all", "AUROC", *own) for s in ("individual", "individual within blocks")]
    columns = ["method", "reference", "scope", "pairs", "measure", "value", "low", "high", "p", "n", "base"]
    return pd.DataFrame(rows, columns=columns)


def _curve(rng) -> pd.DataFrame:
    k = np.array([10, 20, 50, 100, 200, 500, 1000])
    made = [
        pd.DataFrame(
            {"method": m, "reference": "reactome", "pairs": pairs, "k": k, "precision": v * 10 / (10 + k**0.5)}
        )
        for m, v in METHODS.items()
        for pairs in ("all", SAME)
    ]
    return pd.concat(made, ignore_index=True)


def _types(rng, graphs: Graphs, types) -> dict[str, pd.DataFrame]:
    if len(types) < 2:
        return {}
    top = graphs.edges.sort_values("weight", ascending=False).head(200)
    p = 10.0 ** -rng.uniform(0, 12, len(top))
    found = pd.DataFrame({
        "a": top["a"], "b": top["b"], "statistic": -np.log10(p) * 9, "p": p, "p_holm": np.minimum(1, p * 1770),
        "q": np.minimum(1, p * 300), "highest": types[0], "lowest": types[1],
    }).sort_values("statistic", ascending=False)  # fmt: skip
    medians = [
        (r.a, r.b, name, value)
        for r in found.itertuples()
        for name, value in zip(types, rng.exponential(0.2, len(types)), strict=True)
    ]
    return {"types": found, "type_medians": pd.DataFrame(medians, columns=["a", "b", "type", "median"])}


def _pathways(graphs: Graphs) -> pd.DataFrame:
    rows = [
        ("p53 pathway", 6, 9, 2.1, 0.0002, 0.004, "P001 – P002; P003 – P004"),
        ("a decoy <i>", 12, 3, 2.9, 0.5, 0.7, ""),
    ]
    return pd.DataFrame(rows, columns=["pathway", "size", "hits", "expected", "p", "q", "edges"])


def _confounders(graphs: Graphs) -> pd.DataFrame:
    top = graphs.edges.sort_values("weight", ascending=False).head(30).reset_index(drop=True)
    return pd.DataFrame({
        "a": top["a"], "b": top["b"], "weight": top["weight"], "by": "centred", "weight_there": top["weight"] * 0.7,
        "rank": np.arange(1, 31), "rank_there": np.where(np.arange(30) % 9 == 4, 900, np.arange(1, 31)),
        "vanishes": np.arange(30) % 9 == 4,
    })  # fmt: skip


def prediction(made: Made, patients: int = 2) -> GraphPrediction:
    """New patients who look like the first ones of the cohort; the first is a member with values out of range."""
    assert made.graphs is not None
    names = [str(name) for name in made.cohort.samples["sample"][:patients]]
    edges = made.graphs.patients[made.graphs.patients["sample"].isin(names)].reset_index(drop=True)
    edges = edges.assign(low=edges["weight"] - 0.2, high=edges["weight"] + 0.2)
    first = np.arange(patients) == 0
    samples = pd.DataFrame({"sample": names, "subject": names, "label": "", "member": first, "outside": 0.04 * first})
    nodes = made.graphs.nodes
    cohort = unusual(made.graphs.patients)
    accuracy = nodes[["protein", "r", "predicted"]]
    return GraphPrediction(samples, edges, accuracy, nodes, cohort, ("2 proteins of the study were not measured.",))
