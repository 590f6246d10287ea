import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.maxquant import MaxquantSettings, maxquant

SAMPLES = [f"tumour_{n:02d}" for n in range(20)]
GROUPS = (
    # majority protein IDs, gene names, only by site, reverse, contaminant
    ("P04637;P04637-2", "TP53", "", "", ""),
    ("P31749", "AKT1", "", "", ""),
    ("Q9Y243", "AKT1;AKT3", "", "", ""),
    ("P00533", "", "", "", ""),
    ("CON__P02769", "", "", "", "+"),
    ("REV__P12345", "", "", "+", ""),
    ("Q15746", "MYLK", "+", "", ""),
)


def groups() -> pd.DataFrame:
    """The columns of a proteinGroups.txt of MaxQuant 1.6 that matter, in its order, with some that do not."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(ids, ids, "some protein", gene) for ids, gene, *_ in GROUPS],
        columns=["Protein IDs", "Majority protein IDs", "Protein names", "Gene names"],
    )
    for name in ("Intensity", "iBAQ", "LFQ intensity"):
        table[name] = 1e9
        for sample in SAMPLES:
            table[f"{name} {sample}"] = rng.integers(10**6, 10**9, len(GROUPS))
    table = table.drop(columns="LFQ intensity")  # MaxQuant writes no sum of these
    table["iBAQ peptides"] = 7
    marks = pd.DataFrame(
        [row[2:] for row in GROUPS], columns=["Only identified by site", "Reverse", "Potential contaminant"]
    )
    return pd.concat([table, marks], axis=1)


def read(tmp_path, table=None, **options):
    (groups() if table is None else table).to_csv(tmp_path / "proteinGroups.txt", sep="\t", index=False)
    return maxquant(MaxquantSettings.model_validate({"file": tmp_path / "proteinGroups.txt", **options}))


def test_groups_that_are_no_proteins_of_the_sample_are_dropped_and_counted(tmp_path):
    cohort = read(tmp_path)
    assert cohort.axes[0].labels == ("P04637", "P31749", "Q9Y243", "P00533")
    assert list(cohort.samples["sample"]) == SAMPLES
    for note in (
        "1 contaminants were left out.",
        "1 reverse hits were left out.",
        "1 groups identified only by a modified site were left out.",
    ):
        assert note in cohort.notes


def test_the_lfq_intensities_are_read_and_logged(tmp_path):
    table = groups()
    cohort = read(tmp_path, table)
    expected = np.log2(table[[f"LFQ intensity {s}" for s in SAMPLES]].to_numpy(float)[:4].T)
    np.testing.assert_allclose(cohort.x, expected, rtol=1e-6)
    assert cohort.unit == "log2 LFQ intensity"


@pytest.mark.parametrize("quantity", ["Intensity", "iBAQ"])
def test_other_quantities_are_never_mixed_up(tmp_path, quantity):
    cohort = read(tmp_path, quantity=quantity, levels={"log": "none"})
    expected = groups()[[f"{quantity} {s}" for s in SAMPLES]].to_numpy(float)[:4].T
    np.testing.assert_allclose(cohort.x, expected, rtol=1e-6)


def test_an_intensity_of_zero_was_not_measured(tmp_path):
    table = groups()
    table.loc[1, "LFQ intensity tumour_03"] = 0
    cohort = read(tmp_path, table)
    assert np.argwhere(np.isnan(cohort.x)).tolist() == [[3, 1]]


def test_groups_can_be_called_by_gene_and_stay_apart(tmp_path):
    cohort = read(tmp_path, names="Gene names")
    assert cohort.axes[0].labels == ("TP53", "AKT1 (P31749)", "AKT1 (Q9Y243)", "P00533")
    assert any(note.startswith("1 groups without a name") for note in cohort.notes)


def test_a_quantity_that_is_not_there_is_refused(tmp_path):
    table = groups()
    table = table[[name for name in table if not name.startswith("LFQ")]]
    with pytest.raises(InputError, match="'LFQ intensity'; there are columns of 'Intensity', 'iBAQ'"):
        read(tmp_path, table)


def test_another_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column 'Majority protein IDs'"):
        read(tmp_path, groups().drop(columns="Majority protein IDs"))


def test_text_among_the_intensities_is_named(tmp_path):
    table = groups().astype({"LFQ intensity tumour_03": object})
    table.loc[2, "LFQ intensity tumour_03"] = "high"
    with pytest.raises(InputError, match=r"row 4 \(Q9Y243\), column 'LFQ intensity tumour_03' holds 'high'"):
        read(tmp_path, table)


def test_a_sheet_joins_on_the_names_of_the_experiments(tmp_path):
    sheet = pd.DataFrame({"sample": SAMPLES, "patient": SAMPLES, "type": ["a", "b"] * 10})
    sheet.to_csv(tmp_path / "sheet.csv", index=False)
    assert read(tmp_path, sheet=str(tmp_path / "sheet.csv")).classes == ("a", "b")
    sheet.assign(sample=[f"LFQ intensity {s}" for s in SAMPLES]).to_csv(tmp_path / "sheet.csv", index=False)
    with pytest.raises(InputError, match="do not match"):
        read(tmp_path, sheet=str(tmp_path / "sheet.csv"))


def test_the_counts_and_corrected_values_of_reporter_ions_are_no_samples(tmp_path):
    table = groups().rename(columns=lambda name: str(name).replace("LFQ intensity ", "Reporter intensity "))
    for sample in SAMPLES:
        table[f"Reporter intensity count {sample}"] = 3
        table[f"Reporter intensity corrected {sample}"] = table[f"Reporter intensity {sample}"] * 2
    plain = read(tmp_path, table, quantity="Reporter intensity")
    assert plain.samples["sample"].tolist() == SAMPLES
    corrected = read(tmp_path, table, quantity="Reporter intensity corrected")
    np.testing.assert_allclose(corrected.x, plain.x + 1, rtol=1e-6)
