import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.known import Reference, grouped, known, matrices, matrix, present

PROTEINS = ("A", "B", "C", "D")


def _write(folder, text, name="known.tsv"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_list_of_edges_may_say_in_which_group_they_are_active(tmp_path):
    file = _write(tmp_path, "source,target,group,effect\nA,B,one,1\nB,C,two,1\nC,D,,1\nA,X,one,1\n", "truth.csv")
    found = known("truth", Reference(file=file, directed=True), PROTEINS)
    assert grouped(found)
    every = matrices(found, PROTEINS, ["one", "two", "three"])
    assert np.argwhere(every["one"]).tolist() == [[0, 1], [2, 3]]
    assert np.argwhere(every["two"]).tolist() == [[1, 2], [2, 3]]
    assert np.argwhere(every["three"]).tolist() == [[2, 3]]
    assert matrix(found, PROTEINS).sum() == 3
    assert found.proteins == PROTEINS


def test_an_undirected_list_is_symmetric_and_knows_only_who_it_names_where_that_is_asked(tmp_path):
    file = _write(tmp_path, "source\ttarget\nB\tA\nA\tB\nA\tA\n")
    found = known("k", Reference(file=file, unlisted="left out"), PROTEINS)
    assert found.proteins == ("A", "B")
    assert np.argwhere(matrix(found, PROTEINS)).tolist() == [[0, 1], [1, 0]]


def test_dreams_gold_standard_is_read_as_it_stands(shared_data):
    file = shared_data / "dream4" / "net1_goldstandard.tsv"
    genes = tuple(f"G{i}" for i in range(1, 101))
    found = known("dream", Reference(file=file, directed=True), genes)
    assert matrix(found, genes).sum() == 176
    assert matrix(found, genes)[1, 90]  # G2 regulates G91


def test_reactomes_matrix_is_read_by_aliases(shared_data):
    folder = shared_data / "reactome"
    aliases = pd.read_csv(folder / "reactome147_to_rppa.tsv", sep="\t").dropna(subset="rppa_columns")
    columns = tuple(aliases["rppa_columns"].str.split("|").str[0])
    plain = Reference(file=folder / "reactome_147x147_keyl2022.tsv", form="matrix")
    mapped = plain.model_copy(update={"mapping": folder / "reactome147_to_rppa.tsv"})
    every = tuple(pd.read_csv(plain.file, sep="\t", index_col=0).columns)
    assert matrix(known("r", plain, every), every).sum() == 2 * 1838
    by_name = matrix(known("r", plain, every), tuple(aliases["reactome_name"]))
    assert (matrix(known("r", mapped, columns), columns) == by_name).all()


def test_blocks_connect_every_two_of_their_proteins(tmp_path):
    text = "protein\tblock\tgroup\nA\t0\tx\nB\t0\tx\nC\t0\tx\nD\t1\ty\n"
    found = known("b", Reference(file=_write(tmp_path, text), form="blocks"), PROTEINS)
    assert matrix(found, PROTEINS)[:3, :3].sum() == 6
    assert not matrix(found, PROTEINS)[3].any()
    assert not matrices(found, PROTEINS, ["y"])["y"].any()
    ungrouped = _write(tmp_path, "protein\tblock\nA\t0\nB\t0\n", "plain.tsv")
    assert not grouped(known("b", Reference(file=ungrouped, form="blocks"), PROTEINS))


@pytest.mark.parametrize(
    ("text", "form", "sentence"),
    [
        ("x\ty\nA\tB\n", "edges", "columns 'source'"),
        ("source\ttarget\nX\tY\n", "edges", "no edge between two proteins of the cohort"),
        ("\tA\tB\nA\t0\t2\nB\t1\t0\n", "matrix", "row 'A', column 'B' holds '2'"),
        ("\tA\tB\nA\t0\t1\nC\t1\t0\n", "matrix", "same proteins"),
        ("protein\nA\n", "blocks", "'protein' and 'block'"),
        ("source\ttarget\n", "edges", "without rows"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path, text, form, sentence):
    with pytest.raises(InputError, match=sentence):
        known("k", Reference(file=_write(tmp_path, text), form=form), PROTEINS)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.tsv"):
        known("k", Reference(file=tmp_path / "nowhere.tsv"), PROTEINS)


def test_edges_of_groups_that_no_sample_has_are_left_out_and_wrong_names_are_refused(tmp_path):
    file = _write(tmp_path, "source\ttarget\tgroup\nA\tB\tone\nB\tC\ttwo\nC\tD\t\n")
    found = known("k", Reference(file=file), PROTEINS)
    samples = pd.DataFrame({"label": ["x", "y"], "group": ["one", "other"]})
    assert present(found, samples).edges["group"].to_list() == ["one", ""]
    with pytest.raises(InputError, match=r"'one', 'two'.*'x', 'y'"):
        present(found, samples[["label"]])


def test_a_graph_without_groups_is_present_in_every_sample(tmp_path):
    found = known("k", Reference(file=_write(tmp_path, "source\ttarget\nA\tB\n")), PROTEINS)
    assert len(present(found, pd.DataFrame({"label": ["x"]})).edges) == 1


def test_a_block_may_hold_other_proteins_in_another_group(tmp_path):
    file = tmp_path / "blocks.csv"
    file.write_text("protein,block,group\nP,x,A\nQ,x,A\nP,x,B\nR,x,B\nS,x,\n")
    found = known("blocks", Reference(file=file, form="blocks"), ("P", "Q", "R", "S"))
    edges = {tuple(row) for row in found.edges[["source", "target", "group"]].to_numpy()}
    assert edges == {
        *(("P", "Q", "A"), ("P", "S", "A"), ("Q", "S", "A")),
        *(("P", "R", "B"), ("P", "S", "B"), ("R", "S", "B")),
    }
