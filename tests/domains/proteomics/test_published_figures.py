"""The baselines on the released tables, as they were measured when these were packed (README of the shared data)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.core.find import bind
from biox.core.graph_types import Graphs
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.benchmark import Plan, benchmark
from biox.domains.proteomics.found import Found
from biox.domains.proteomics.graph_scores import Scored
from biox.domains.proteomics.individual import individual
from biox.domains.proteomics.known import Known, Reference, known
from biox.domains.proteomics.rppa import rppa
from biox.domains.proteomics.same_protein import Genes, genes_of, same_protein
from biox.domains.proteomics.strengths import strengths, unordered
from biox.graphs.baselines import partial, pearson, product

from .made_found import found, influence


def test_reactome_among_the_strongest_pairs_of_the_rppa_table(shared_data):
    folder = shared_data / "reactome"
    names = folder / "reactome147_to_rppa.tsv"
    options = {
        "file": str(shared_data / "rppa-tcga" / "rppa_tcga_31cohorts.csv.gz"),
        "sample_types": "all",
        "proteins": "complete",
        "mapping": {"file": str(names), "name": "reactome_name", "columns": "rppa_columns"},
        "levels": {"duplicates": "keep"},
    }
    cohort = rppa(**bind(rppa, options, "test"))
    proteins, x = cohort.axes[0].labels, np.asarray(cohort.x, float)
    assert x.shape == (6777, 105)
    pairs = unordered(105)
    value = {"lrp": pairs.of(pearson(x)), "pearson": pairs.of(pearson(x)), "partial": pairs.of(partial(x))}
    reference = known("reactome", Reference(file=folder / "reactome_147x147_keyl2022.tsv", form="matrix"), proteins)
    same = same_protein(
        proteins, genes_of(proteins, Genes(file=names, protein="reactome_name", symbols="gene_symbols"))
    )
    table = benchmark(Scored(pairs, value, {}, 6740), reference, proteins, same, Plan(100, 200, 0)).tables["benchmark"]
    got = table.set_index(["method", "pairs", "measure"])["value"]
    top, without = "precision of top 100", "without same protein"
    assert got["pearson", "all", top] == pytest.approx(0.29)
    assert got["pearson", without, top] == pytest.approx(0.24)
    assert got["partial", "all", top] == pytest.approx(0.46)
    assert got["partial", without, top] == pytest.approx(0.33)
    assert got["pearson", "all", "AUROC"] == pytest.approx(0.528, abs=0.001)
    assert got["partial", "all", "AUROC"] == pytest.approx(0.536, abs=0.001)
    assert table.loc[table["pairs"] == "all", "base"].min() == pytest.approx(0.194, abs=0.0005)


@pytest.mark.slow
def test_controls_of_individual_graphs_on_the_released_heterogeneous_table(shared_data):
    file = shared_data / "keyl2022-synthetic" / "artificial_heterogeneous.csv.gz"
    x = pd.read_csv(file, index_col=0).to_numpy(float)
    names, samples = tuple(f"F{i}" for i in range(32)), [f"s{i}" for i in range(len(x))]
    block = np.arange(32) // 8
    table = pd.DataFrame({"sample": samples, "subject": samples, "label": (np.arange(4000) // 1000).astype(str)})
    cohort = Cohort(x.astype(np.float32), table, (Axis("protein", names),), "", tuple("0123"), "subject")
    pairs = [(names[i], names[j], str(block[i])) for i in range(32) for j in range(i + 1, 32) if block[i] == block[j]]
    truth = Known("blocks", pd.DataFrame(pairs, columns=["source", "target", "group"]), False, names)
    z = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    one = _study(cohort, z)
    main = strengths(one.influences["main"], table, unordered(32))
    got = individual(one, main, truth, Scored(main.pairs, {}, {}, 4000), draws=50, seed=0).tables["benchmark"]
    got = got.set_index(["method", "scope", "measure"])["value"]
    assert got["product", "individual", "AUROC"] == pytest.approx(0.868, abs=0.004)
    assert got["product", "individual within blocks", "AUROC"] == pytest.approx(0.926, abs=0.004)
    assert got["lioness", "individual", "AUROC"] == pytest.approx(0.893, abs=0.004)


def _study(cohort: Cohort, z: np.ndarray) -> Found:
    """A study whose influences are the model-free product."""
    fit = found(samples=30).fits[0]["main"]
    x, fold = np.asarray(cohort.x, float), np.arange(len(z)) % 3
    parts = [
        pd.DataFrame({"sample": cohort.samples["sample"], "part": np.where(fold == k, "test", "train")})
        for k in range(3)
    ]
    fits = {k: {"main": replace(fit, shift=x.mean(0), scale=x.std(0), parts=parts[k])} for k in range(3)}
    nothing = pd.DataFrame()
    graphs = Graphs(cohort.axes[0].labels, ("all",), {}, {}, nothing, nothing, nothing)
    return Found(cohort, graphs, {"main": influence(cohort, product(z))}, {}, fits)
