from dataclasses import replace

import numpy as np
import pytest

from biox.core.errors import InputError
from biox.core.find import bind
from biox.core.types import CLAIM_COLUMNS
from biox.domains.proteomics.validate import validate

from .made_found import Planted, found, influence

GROUPS = {"a": [(0, 1), (2, 3)], "b": [(4, 5), (6, 7)], "c": [(8, 9), (0, 1)]}
COLUMNS = {
    "proteins": "protein r low high p q n predicted",
    "benchmark": "method reference scope pairs measure value low high p n base",
    "benchmark_of_variants": "method reference scope pairs measure value low high p n base variant",
    "precision_curve": "method reference pairs k precision",
    "types": "a b statistic p p_holm q highest lowest",
    "type_medians": "a b type median",
    "pathways": "pathway size hits expected p q edges",
    "pathway_members": "pathway protein",
    "confounders": "a b weight by weight_there rank rank_there vanishes",
    "halves": "arm measure value low high n",
    "stability": "kind measure value",
}


def _settings(tmp_path):
    rows = [f"P{i:02d},P{j:02d},{g},1" for g, edges in GROUPS.items() for i, j in edges]
    (tmp_path / "truth.csv").write_text("\n".join(["source,target,group,effect", *rows]))
    (tmp_path / "p.gmt").write_text("one\t-\tP00\tP01\tP02\tP03\ntwo\t-\tP08\tP09\tP10\n")
    truth = {"file": str(tmp_path / "truth.csv"), "directed": True}
    given = {"known": {"truth": truth}, "pathways": str(tmp_path / "p.gmt"), "draws": 50, "permutations": 200}
    return bind(validate, {**given, "repeats": 4}, "study, validate")


def test_a_study_with_everything_has_every_table_in_the_agreed_form(tmp_path):
    one = found(Planted(GROUPS))
    centred = influence(one.cohort, found(Planted(GROUPS), seed=2).influences["main"].values, "centred")
    seed = influence(one.cohort, found(Planted(GROUPS), seed=3).influences["main"].values, "seed-1")
    null = influence(one.cohort, found(seed=4).influences["main"].values, "null-0")
    one = replace(one, influences={**one.influences, "centred": centred, "seed-1": seed, "null-0": null})
    moved = np.asarray(one.cohort.x) + 5 * np.random.default_rng(0).normal(size=one.cohort.x.shape[1])
    one = replace(one, levels={"main": one.cohort.x, "centred": moved})
    evidence = validate(one, **_settings(tmp_path))
    assert {name: " ".join(table.columns) for name, table in evidence.tables.items()} == COLUMNS
    assert tuple(evidence.claims.columns) == CLAIM_COLUMNS
    assert all(len(table) for table in evidence.tables.values())
    scopes = set(evidence.tables["benchmark"]["scope"])
    assert scopes == {"average", "average directed", "individual", "individual within blocks"}
    assert set(evidence.tables["halves"]["arm"]) == {"main", "centred"}
    assert set(evidence.tables["benchmark_of_variants"]["variant"]) == {"centred"}
    assert not evidence.claims.duplicated(["claim", "group"]).any()
    assert (evidence.claims["method"] != "").sum() > len(evidence.claims) * 0.9


def test_a_study_of_one_type_and_nothing_known_leaves_out_what_does_not_apply():
    one = found(types=("all",))
    one = replace(one, baselines={}, graphs=replace(one.graphs, edges=one.graphs.edges.assign(p=np.nan, q=np.nan)))
    evidence = validate(one, **bind(validate, {"draws": 50, "repeats": 4}, "study, validate"))
    assert set(evidence.tables) == {"proteins", "halves", "stability"}


def test_the_same_seed_gives_the_same_evidence(tmp_path):
    one = found(Planted(GROUPS))
    first, second = (validate(one, **_settings(tmp_path)).claims for _ in range(2))
    assert first.equals(second)


def test_unknown_settings_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"unknown key 'tops'.*'top'"):
        bind(validate, {"tops": 5}, "study, validate")


def test_edges_of_proteins_that_cannot_be_predicted_are_nowhere_among_the_strongest(tmp_path):
    one = found(Planted(GROUPS))
    nodes = one.graphs.nodes.assign(predicted=~one.graphs.nodes["protein"].isin(["P00", "P05"]))
    one = replace(one, graphs=replace(one.graphs, nodes=nodes))
    seed = influence(one.cohort, found(Planted(GROUPS), seed=3).influences["main"].values, "again")
    one = replace(one, influences={**one.influences, "again": seed}, levels={"again": one.cohort.x})
    settings = _settings(tmp_path)
    settings = {"settings": settings["settings"].model_copy(update={"confounders": ("again",)})}
    tables = validate(one, **settings).tables
    assert not {"P00", "P05"} & {*tables["confounders"]["a"], *tables["confounders"]["b"]}
    assert not tables["pathways"]["edges"].str.contains("P00|P05").any()
    assert dict(zip(tables["pathways"]["pathway"], tables["pathways"]["size"], strict=True)) == {"one": 3, "two": 3}
    nobody = replace(one, graphs=replace(one.graphs, nodes=nodes.assign(predicted=False)))
    assert "pathways" not in validate(nobody, **settings).tables
