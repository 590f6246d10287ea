import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.diann import DiannSettings, diann, run_name

RUNS = [f"20240101_plasma_{n:02d}" for n in range(20)]
GROUPS = {"P04637": "TP53", "P31749;P31751": "AKT1;AKT2", "P00533": "EGFR"}


def quantities() -> np.ndarray:
    return np.random.default_rng(0).uniform(1e4, 1e7, (len(RUNS), len(GROUPS)))


def matrix() -> pd.DataFrame:
    """A pg_matrix.tsv: annotation, then the path of every raw file."""
    table = pd.DataFrame(
        {
            "Protein.Group": list(GROUPS),
            "Protein.Ids": list(GROUPS),
            "Protein.Names": [f"{gene.split(';')[0]}_HUMAN" for gene in GROUPS.values()],
            "Genes": list(GROUPS.values()),
            "First.Protein.Description": "a protein",
        }
    )
    columns = pd.DataFrame(quantities().T, columns=[rf"D:\data\run\{run}.raw" for run in RUNS])
    return pd.concat([table, columns], axis=1)


def report() -> pd.DataFrame:
    """The columns of a long report that matter: two precursors a group and run, the second one unsure in run 0."""
    rows = [
        (rf"D:\data\{run}.raw", run, group, gene, level, f"PEPTIDE{k}2", q, 0.001)
        for run, levels in zip(RUNS, quantities(), strict=True)
        for (group, gene), level in zip(GROUPS.items(), levels, strict=True)
        for k, q in enumerate((0.001, 0.05 if run == RUNS[0] else 0.002))
    ]
    names = ["File.Name", "Run", "Protein.Group", "Genes", "PG.MaxLFQ", "Precursor.Id", "Q.Value", "PG.Q.Value"]
    return pd.DataFrame(rows, columns=names)


def read(tmp_path, table, name="report.tsv", **options):
    file = tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(file, index=False)
    else:
        table.to_csv(file, sep="\t", index=False)
    return diann(DiannSettings.model_validate({"file": file, **options}))


@pytest.mark.parametrize(
    ("table", "name"), [(matrix, "report.pg_matrix.tsv"), (report, "report.tsv"), (report, "report.parquet")]
)
def test_matrix_and_report_give_the_same_levels(tmp_path, table, name):
    cohort = read(tmp_path, table(), name)
    np.testing.assert_allclose(cohort.x, np.log2(quantities()), rtol=1e-6)
    assert list(cohort.samples["sample"]) == RUNS
    assert cohort.axes[0].labels == ("P04637", "P31749", "P00533")


def test_groups_can_be_called_by_gene(tmp_path):
    assert read(tmp_path, matrix(), names="Genes").axes[0].labels == ("TP53", "AKT1", "EGFR")
    assert read(tmp_path, report(), names="Genes").axes[0].labels == ("TP53", "AKT1", "EGFR")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"C:\a b\run.1.raw", "run.1"),
        ("/data/x.mzML", "x"),
        ("x.d", "x"),
        ("/data/x.raw.dia", "x"),
        ("x.wiff", "x"),
        ("plain", "plain"),
    ],
)
def test_a_run_is_called_like_its_raw_file(path, name):
    assert run_name(path) == name


def test_rows_that_are_not_sure_enough_are_left_out_and_counted(tmp_path):
    table = report()
    table.loc[(table["Run"] == RUNS[1]) & (table["Protein.Group"] == "P00533"), "PG.Q.Value"] = 0.03
    cohort = read(tmp_path, table)
    assert np.argwhere(np.isnan(cohort.x)).tolist() == [[1, 2]]
    assert any(note.startswith("5 of 120 rows of precursors were left out") for note in cohort.notes)
    assert not np.isnan(read(tmp_path, table, q_values={"PG.Q.Value": 0.05}).x).any()


def test_a_run_without_a_sure_row_is_named(tmp_path):
    table = pd.concat([report(), report().query("Run == @RUNS[0]").assign(**{"Run": "empty", "Q.Value": 0.5})])
    cohort = read(tmp_path, table)
    assert "empty" not in cohort.samples["sample"].tolist()
    assert any("Runs without any row that is sure enough were left out: 'empty'" in note for note in cohort.notes)


def test_nothing_sure_enough_is_refused(tmp_path):
    with pytest.raises(InputError, match="no row has q values as low"):
        read(tmp_path, report(), q_values={"Q.Value": 0.0001})


def test_decoys_are_left_out(tmp_path):
    table = report().assign(Decoy=0)
    table.loc[table["Protein.Group"] == "P00533", "Decoy"] = 1
    assert read(tmp_path, table, "report.parquet").axes[0].labels == ("P04637", "P31749")


def test_zero_was_not_measured(tmp_path):
    table = matrix()
    table.iloc[1, 8] = 0
    assert np.argwhere(np.isnan(read(tmp_path, table).x)).tolist() == [[3, 1]]
    long = report()
    long.loc[(long["Run"] == RUNS[3]) & (long["Genes"] == "TP53"), "PG.MaxLFQ"] = 0
    assert np.argwhere(np.isnan(read(tmp_path, long).x)).tolist() == [[3, 0]]


def test_an_empty_cell_of_a_matrix_was_not_measured(tmp_path):
    table = matrix()
    table.iloc[1, 8] = np.nan
    assert np.argwhere(np.isnan(read(tmp_path, table).x)).tolist() == [[3, 1]]


def test_a_quantity_of_the_precursor_is_no_quantity_of_the_group(tmp_path):
    table = report()
    table["Precursor.Quantity"] = np.arange(len(table)) + 1.0
    with pytest.raises(InputError) as error:
        read(tmp_path, table, quantity="Precursor.Quantity")
    for word in ("'Precursor.Quantity'", "'P04637'", RUNS[1], "not the same in all its rows", "PG.MaxLFQ"):
        assert word in str(error.value)


@pytest.mark.parametrize("options", [{"quantity": "PG.Nothing"}, {"q_values": {"No.Q": 0.01}}, {"names": "Symbol"}])
def test_unknown_columns_are_refused(tmp_path, options):
    with pytest.raises(InputError, match="there is no column"):
        read(tmp_path, report(), **options)


def test_another_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"DIA-NN's tables have 'Protein\.Group'"):
        read(tmp_path, report().drop(columns="Protein.Group"))


def test_two_raw_files_of_one_name_are_refused(tmp_path):
    table = matrix().rename(columns={rf"D:\data\run\{RUNS[1]}.raw": rf"E:\again\{RUNS[0]}.raw"})
    with pytest.raises(InputError, match=f"the sample '{RUNS[0]}' stands there more than once"):
        read(tmp_path, table)
