import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.same_protein import Genes, genes_of, same_protein, units
from biox.domains.proteomics.symbols import distinct


def test_names_without_their_phosphorylation_site_are_one_protein():
    names = ("EGFR", "EGFR_pY1068", "EGFR_pY1173", "HER2_pY1248", "p53", "AKT-pS473", "AKT")
    same = same_protein(names, genes_of(names, None))
    assert {tuple(pair) for pair in np.argwhere(np.triu(same))} == {(0, 1), (0, 2), (1, 2), (5, 6)}
    assert not np.diag(same).any()


def test_names_that_share_a_gene_are_one_protein_and_the_rest_keeps_its_own_name(tmp_path):
    file = tmp_path / "genes.tsv"
    file.write_text("antibody\tx\tsymbols\nACC1\t-\tACACA\nACC_pS79\t-\tACACA ACACB\nACC2\t-\tACACB\nOther\t-\t\n")
    names = ("ACC1", "ACC_pS79", "ACC2", "Other", "None")
    symbols = genes_of(names, Genes(file=file, protein="antibody", symbols="symbols"))
    same = same_protein(names, symbols)
    assert {tuple(pair) for pair in np.argwhere(np.triu(same))} == {(0, 1), (1, 2)}  # ACC1 and ACC2 share none
    assert units(same)[:3].tolist() == [0, 0, 0]  # but are shuffled together
    assert len(set(units(same))) == 3


def test_a_table_of_other_proteins_is_refused(tmp_path):
    file = tmp_path / "genes.tsv"
    file.write_text("protein\tgene\nX\tY\n")
    with pytest.raises(InputError, match="names no protein of the cohort"):
        genes_of(("A",), Genes(file=file))
    with pytest.raises(InputError, match="no column 'symbol'"):
        genes_of(("A",), Genes(file=file, symbols="symbol"))


def test_reactomes_table_gives_the_same_protein_pairs_of_phospho_variants(shared_data):
    file = shared_data / "reactome" / "reactome147_to_rppa.tsv"
    names = tuple(pd.read_csv(file, sep="\t")["reactome_name"])
    same = same_protein(names, genes_of(names, Genes(file=file, protein="reactome_name", symbols="gene_symbols")))
    at = {name: i for i, name in enumerate(names)}
    assert same[at["AKT"], at["AKT_pS473"]]
    assert same[at["AMPKALPHA"], at["AMPK_pT172"]]
    assert not same[at["AKT"], at["EGFR"]]


def test_proteins_that_share_a_name_and_are_told_apart_in_brackets_are_one_protein():
    names = distinct(["ERBB2", "ERBB2", "IL6", "TP53"], ["HER2", "HER2_pY1248", "IL6", "p53"])
    assert names == ("ERBB2 (HER2)", "ERBB2 (HER2_pY1248)", "IL6", "TP53")
    symbols = genes_of(names, None)
    assert symbols["ERBB2 (HER2_pY1248)"] == {"ERBB2"}
    assert np.argwhere(np.triu(same_protein(names, symbols))).tolist() == [[0, 1]]
