import gzip

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from biox.core.errors import InputError
from biox.domains.proteomics.enrichment import Plan, enrichment, pathway_members, read_pathways
from biox.domains.proteomics.same_protein import genes_of
from biox.domains.proteomics.strengths import unordered

NAMES = tuple(f"G{i:02d}" for i in range(30))
PLAN = Plan(top=20, permutations=999, alpha=0.05, seed=0)
NONE = np.zeros((30, 30), bool)


def _members(pathways, names=NAMES):
    symbols = genes_of(names, None)
    return pathway_members({k: frozenset(v) for k, v in pathways.items()}, names, symbols)


def _decoys(rng, count):
    return {f"decoy {i}": rng.choice(NAMES, rng.integers(3, 8), replace=False) for i in range(count)}


def test_a_pathway_whose_proteins_are_connected_is_found_among_decoys():
    rng = np.random.default_rng(0)
    pairs = unordered(30)
    inside = (pairs.a < 6) & (pairs.b < 6)
    pathways = {"true": NAMES[:6], **_decoys(rng, 20)}
    table = enrichment(rng.random(435) + inside, pairs, NAMES, NONE, _members(pathways), PLAN).tables["pathways"]
    first = table.iloc[0]
    assert (first["pathway"], first["size"], first["hits"]) == ("true", 6, 15)
    assert first["q"] <= 0.05
    assert "G00 – G01" in table.iloc[0]["edges"] or "G0" in first["edges"]
    assert (table["q"][1:] > 0.05).all()
    assert first["expected"] == pytest.approx(20 * 15 / 435, rel=0.2)


def test_pathways_of_hubs_do_not_win_by_chance():
    # One protein takes part in all strong edges; a pathway that happens to hold it has many hits, as chance allows.
    rng = np.random.default_rng(1)
    found = []
    for seed in range(60):
        hub = rng.random(30) ** 8
        pairs = unordered(30)
        strength = hub[pairs.a] + hub[pairs.b] + 0.01 * rng.random(435)
        members = _members(_decoys(rng, 5))
        made = enrichment(strength, pairs, NAMES, NONE, members, Plan(20, 199, 0.05, seed))
        found += made.tables["pathways"]["p"].to_list()
    assert np.mean(np.array(found) <= 0.05) < 0.09
    assert np.mean(np.array(found) <= 0.2) < 0.27


def test_forms_of_one_protein_are_one_node():
    names = ("A", "A_pS1", "A_pT2", "B", "B_pS3", *(f"C{i}" for i in range(12)))
    same = np.zeros((17, 17), bool)
    same[:3, :3] = same[3:5, 3:5] = True
    np.fill_diagonal(same, False)
    pairs = unordered(17)
    strong = (pairs.a < 5) & (pairs.b < 5)
    strength = strong + np.random.default_rng(0).random(136)
    members = _members({"forms": ["A", "B", "C0"]}, names)
    assert len(members) == 6
    table = enrichment(strength, pairs, names, same, members, Plan(10, 199, 0.05, 0)).tables["pathways"]
    assert table.loc[0, "size"] == 3
    assert table.loc[0, "hits"] <= 3  # ten pairs of A and B are strong, but they are one edge


def test_p_is_nearly_uniform_without_any_relation():
    rng = np.random.default_rng(2)
    p = []
    for seed in range(80):
        members = _members({"one": rng.choice(NAMES, 12, replace=False)})
        plan = Plan(100, 199, 0.05, seed)
        p += enrichment(rng.random(435), unordered(30), NAMES, NONE, members, plan).tables["pathways"]["p"].to_list()
    assert stats.kstest(p, "uniform").pvalue > 0.005


def test_gmt_files_are_read_packed_or_not_and_faults_have_a_line(tmp_path, shared_data):
    text = "One\tid\tA\tB\tC\n\nTwo\tid\tD\n"
    (tmp_path / "p.gmt").write_text(text)
    (tmp_path / "p.gmt.gz").write_bytes(gzip.compress(text.encode()))
    expected = {"One": frozenset("ABC"), "Two": frozenset("D")}
    assert read_pathways(tmp_path / "p.gmt") == read_pathways(tmp_path / "p.gmt.gz") == expected
    (tmp_path / "bad.gmt").write_text("One\tid\tA\nTwo\n")
    with pytest.raises(InputError, match="line 2"):
        read_pathways(tmp_path / "bad.gmt")
    assert len(read_pathways(shared_data / "reactome" / "ReactomePathways_2016-12.gmt.gz")) > 1700


def test_pathways_that_are_too_small_or_hold_most_proteins_are_not_tested():
    members = _members({"two": NAMES[:2], "most": NAMES[:25], "fit": NAMES[:5]})
    assert set(members["pathway"]) == {"most", "fit"}
    made = enrichment(np.random.default_rng(0).random(435), unordered(30), NAMES, NONE, members, PLAN)
    assert made.tables["pathways"]["pathway"].to_list() == ["fit"]
    nothing = enrichment(np.ones(435), unordered(30), NAMES, NONE, _members({"most": NAMES[:25]}), PLAN)
    assert not nothing.tables
    assert isinstance(nothing.claims, pd.DataFrame)


def test_pathways_that_cannot_be_read_end_in_a_sentence(tmp_path):
    file = tmp_path / "pathways.gmt.gz"
    file.write_bytes(b"a\tb\tc\n")
    with pytest.raises(InputError, match="cannot be read; expected pathways"):
        read_pathways(file)
    with pytest.raises(InputError, match="There is no file"):
        read_pathways(tmp_path / "absent.gmt")


def test_a_pathway_of_proteins_that_may_have_edges_does_not_win_by_that_alone():
    rng, pairs = np.random.default_rng(3), unordered(30)
    able = np.arange(30) < 15
    small = []
    for _ in range(40):
        strength = np.where(able[pairs.a] & able[pairs.b], rng.random(len(pairs.a)), np.nan)
        members = _members({f"p{k}": rng.choice(NAMES[:15], 6, replace=False) for k in range(5)})
        table = enrichment(strength, pairs, NAMES, NONE, members, PLAN).tables["pathways"]
        assert (table["size"] == 6).all()
        small += list(table["p"] < 0.05)
    assert np.mean(small) < 0.1
