"""Study files, weights, and biox's own results. Of results a damaged byte is refused or changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.fuzz.targets import Case, Target

ROOT = Path(__file__).parents[2]
STUDIES = (
    "config/gait_demo.yaml",
    "config/histology_demo.yaml",
    "config/proteomics_demo.yaml",
    "tests/tiny/tiny_trials.yaml",
)
PROTEINS = ("P0", "P1", "P2")


def _study(source: str) -> Case:
    def write(folder: Path) -> None:
        text = (ROOT / source).read_text(encoding="utf-8")
        (folder / Path(source).name).write_text(text, encoding="utf-8")

    def read(folder: Path) -> object:
        from biox.core.studies import check_study, read_study

        study = read_study(folder / Path(source).name)
        check_study(study)
        return study

    return Case(write, read)


def _write_weights(folder: Path) -> None:
    from safetensors.torch import save_file

    save_file(_network().state_dict(), folder / "weights.safetensors")


def _network() -> Any:
    import torch
    from torch import nn

    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))


def _read_weights(spare: str | None) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from biox.models._weights import load_weights

        network = _network()
        load_weights(network, folder / "weights.safetensors", "a network", spare)
        return network.state_dict()

    return read


def _axes() -> tuple:
    from biox.core.types import Axis

    return Axis("channel", ("a", "b")), Axis("stance", ("0", "50", "100"), "%")


def _samples() -> pd.DataFrame:
    label = ["sick", "well", "sick", "well"]
    return pd.DataFrame({"sample": list("1234"), "subject": list("pqrs"), "label": label, "age": [40.5, np.nan, 1, 2]})


def _write_cohort(folder: Path) -> None:
    from biox.core import provenance, store
    from biox.core.types import Cohort

    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    truth = np.zeros((2, 2, 3), bool)
    made = Cohort(x, _samples(), _axes(), "N", ("well", "sick"), "subject", truth, ("a note",), (-9.0, 9.0))
    store.save_cohort(made, folder / "cohort")
    provenance.write(folder / "cohort", provenance.provenance("ingest", {"seed": 1}, 1, []))


def _write_fit(folder: Path) -> None:
    import torch

    from biox.core import store
    from biox.core.types import Fit

    scores = pd.DataFrame(
        {"sample": list("12"), "part": ["train", "test"], "logit:well": [0.5, 1], "logit:sick": [2.0, 3]}
    )
    made = Fit(
        "main", 2, 7, "mlp", {"hidden": [3]}, {"w": torch.arange(3.0) + 0.1}, ("well", "sick"), _axes(), "N", "none",
        np.full((2, 1), 0.1), np.full((2, 1), 1.1), np.full((2, 3), -1.3), np.full((2, 3), 1.7), scores,
        pd.DataFrame({"epoch": [0], "loss": [1.0]}),
    )  # fmt: skip
    store.save_fit(made, folder / "fit" / "main")


def _write_explained(folder: Path) -> None:
    from biox.core import store
    from biox.core.types import Evidence, Relevance, claims_table

    values = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    about = pd.DataFrame({"sample": list("1234"), "part": "test", "target": "sick", "logit": 1.5, "conservation": 0.01})
    store.save_relevance(Relevance("main", 0, "lrp", {"a": 1}, values, about, _axes()), folder / "relevance" / "main")
    claims = claims_table([{"claim": "accuracy", "group": "all", "value": 0.75, "n": 4, "unit": "", "method": "cv"}])
    store.save_evidence(Evidence(claims, {"scores": _samples()}), folder / "evidence")


def _write_graphs(folder: Path) -> None:
    import torch

    from biox.core import graph_store
    from biox.core.graph_settings import Graph
    from biox.core.graph_types import Graphs, MaskedFit

    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"sample": ["a", "b"], "part": ["train", "test"]})
    fit = MaskedFit(
        "main", 1, 3, "masked_mlp", {"width": 10}, {"w": torch.arange(4.0) + 0.1}, PROTEINS, "log2",
        np.arange(3.0) + 0.1,
        np.ones(3), rows, pd.DataFrame({"protein": PROTEINS, "r": 0.5, "mse": 0.7, "n": 1}),
        pd.DataFrame({"sample": ["b"], "P0": [0.1], "P1": [0.2], "P2": [0.3]}),
        pd.DataFrame({"epoch": [0], "loss": [1.0]}),
    )  # fmt: skip
    graph_store.save_masked_fit(fit, folder / "fit" / "main")
    matrix = {"main": rng.normal(size=(1, 3, 3)).astype(np.float32)}
    tables = [pd.DataFrame({name: ["P0", "P1"], "value": [1.5, np.nan]}) for name in ("protein", "a", "sample")]
    graph_store.save_graphs(Graphs(PROTEINS, ("all",), matrix, matrix, *tables), folder / "graphs")
    graph_store.save_matrices({"pearson": matrix["main"][0]}, folder / "baselines")
    for shard, storage in (("whole", Graph()), ("few", Graph(top=1))):
        head = graph_store.InfluenceHead("main", "lrp", {"gamma": 0.1}, 2, PROTEINS)
        values = rng.normal(size=(2, 3, 3)).astype(np.float32) * (1 - np.eye(3, dtype=np.float32))
        with graph_store.influence_writer(folder / shard, head, storage) as take:
            take(values, pd.DataFrame({"sample": ["a", "b"], "masks": 3, "error": 0.05}))


def _read_cohort(folder: Path) -> object:
    from biox.core import provenance, store

    return store.load_cohort(folder / "cohort"), provenance.read(folder / "cohort")["settings"]


def _read_fit(folder: Path) -> object:
    from biox.core import store

    return store.load_fits(folder / "fit")


def _read_explained(folder: Path) -> object:
    from biox.core import store

    return store.load_relevances(folder / "relevance"), store.load_evidence(folder / "evidence")


def _read_graphs(folder: Path) -> object:
    from biox.core import graph_store

    influences = [graph_store.load_influences([folder / shard])["main"] for shard in ("whole", "few")]
    read = [(one.samples, one.proteins, one.settings, one.values[:]) for one in influences]
    parts = (graph_store.load_masked_fits(folder / "fit"), graph_store.load_graphs(folder / "graphs"))
    return *parts, graph_store.load_matrices(folder / "baselines"), read


TARGETS = (
    Target("study", tuple(_study(source) for source in STUDIES)),
    Target("weights", (Case(_write_weights, _read_weights(None)), Case(_write_weights, _read_weights("2")))),
    Target("stored_cohort", (Case(_write_cohort, _read_cohort, exact=True),)),
    Target("stored_fit", (Case(_write_fit, _read_fit, exact=True),)),
    Target("stored_relevance", (Case(_write_explained, _read_explained, exact=True),)),
    Target("stored_graphs", (Case(_write_graphs, _read_graphs, exact=True),)),
)
