import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.symbols import Symbols, distinct, leading, with_symbols

from .made_tables import PROTEINS, levels


def named(tmp_path, text: str, **options):
    (tmp_path / "genes.tsv").write_text(text)
    frame = levels()
    read = Levels(frame.to_numpy(), frame.index.to_frame(index=False), PROTEINS, "level", "levels.csv")
    return with_symbols(read, Symbols.model_validate({"file": tmp_path / "genes.tsv", **options}))


def test_proteins_take_their_symbol_and_those_without_keep_their_name(tmp_path):
    found = named(tmp_path, "protein\tsymbol\n14-3-3_beta\tYWHAB\nHER2\tERBB2\nMAPK1\t\nUnused\tX\n")
    assert found.proteins == ("AKT1", "TP53", "YWHAB", "ERBB2", "MAPK1")
    assert "'AKT1', 'TP53', 'MAPK1'" in found.notes[0]


def test_two_proteins_of_one_gene_stay_apart(tmp_path):
    found = named(tmp_path, "antibody,gene\nHER2,ERBB2\nTP53,ERBB2\n", protein="antibody", symbol="gene")
    assert found.proteins[1] == "ERBB2 (TP53)"
    assert found.proteins[3] == "ERBB2 (HER2)"


def test_a_file_of_other_proteins_is_refused(tmp_path):
    with pytest.raises(InputError, match="none of the proteins"):
        named(tmp_path, "protein\tsymbol\nP1\tA\n")


def test_a_protein_with_two_symbols_is_refused(tmp_path):
    with pytest.raises(InputError, match="'HER2' has the symbols 'ERBB2', 'NEU'"):
        named(tmp_path, "protein\tsymbol\nHER2\tERBB2\nHER2\tNEU\n")


def test_unknown_columns_are_refused(tmp_path):
    with pytest.raises(InputError, match="no column 'symbol'"):
        named(tmp_path, "protein\tgene\nHER2\tERBB2\n")


def test_shared_names_take_their_identity_beside_them():
    assert distinct(("IL6", "TNF", "IL6"), ("a", "b", "c")) == ("IL6 (a)", "TNF", "IL6 (c)")


def test_groups_are_called_by_their_first_member():
    groups = pd.Series(["P1;P2", "P3", "P4", "P5;P6"])
    names = pd.Series(["GENE1;GENE2", "GENE1", "", "GENE5"], name="Genes")
    found, notes = leading(groups, names)
    assert found == ("GENE1 (P1)", "GENE1 (P3)", "P4", "GENE5")
    assert notes == ("1 groups without a name in 'Genes' are called by accession.",)


def test_groups_with_the_same_first_member_keep_all_their_members():
    groups = pd.Series(["P1;P2", "P1;P3", "P4;P5"], name="Protein.Group")
    assert leading(groups, groups)[0] == ("P1 (P1;P2)", "P1 (P1;P3)", "P4")
