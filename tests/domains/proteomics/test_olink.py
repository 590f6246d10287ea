import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.olink import OlinkSettings, olink

ASSAYS = (
    ("OID20100", "P05231", "IL6", "Inflammation"),
    ("OID20911", "P05231", "IL6", "Oncology"),
    ("OID20200", "P01375", "TNF", "Inflammation"),
)
SAMPLES = [f"A{n:02d}" for n in range(20)]


def explore() -> pd.DataFrame:
    """A long NPX table as Olink Explore writes it (semicolons), with a control sample of the plate at its end."""
    rng = np.random.default_rng(0)
    rows = [
        (sample, n + 1, *assay[:3], 0.1, assay[3], "B04414", "PLATE1", "PASS", -1.2, level, "Plate control", "PASS")
        for n, sample in enumerate([*SAMPLES, "CONTROL_1"])
        for assay, level in zip(ASSAYS, rng.normal(size=3).round(5), strict=True)
    ]
    header = (
        "SampleID;Index;OlinkID;UniProt;Assay;MissingFreq;Panel;Panel_Lot_Nr;PlateID;QC_Warning;LOD;NPX;Normalization;"
        "Assay_Warning"
    )
    table = pd.DataFrame(rows, columns=header.split(";"))
    return table.assign(Sample_Type=np.where(table["SampleID"] == "CONTROL_1", "CONTROL", "SAMPLE"))


def ht() -> pd.DataFrame:
    """The same levels as Olink Explore HT writes them, with an extension control among the assays."""
    names = {"QC_Warning": "SampleQC", "Assay_Warning": "AssayQC", "Sample_Type": "SampleType"}
    table = explore().rename(columns=names).assign(AssayType="assay")
    table["SampleType"] = table["SampleType"].replace("CONTROL", "PLATE_CONTROL")
    control = table[table["OlinkID"] == "OID20200"].assign(OlinkID="OID99999", Assay="Ext", AssayType="ext_ctrl")
    return pd.concat([table, control], ignore_index=True)


def read(tmp_path, table=None, name="npx.csv", **options):
    table = explore() if table is None else table
    if name.endswith("parquet"):
        table.to_parquet(tmp_path / name, index=False)
    else:
        table.to_csv(tmp_path / name, sep=";", index=False)
    return olink(OlinkSettings.model_validate({"file": tmp_path / name, **options}))


@pytest.mark.parametrize(("table", "name", "gone"), [(explore, "npx.csv", 3), (ht, "npx.parquet", 24)])
def test_npx_of_samples_and_assays_is_read_and_controls_are_counted(tmp_path, table, name, gone):
    cohort = read(tmp_path, table(), name)
    np.testing.assert_allclose(cohort.x, explore()["NPX"].to_numpy().reshape(21, 3)[:20], rtol=1e-6)
    assert list(cohort.samples["sample"]) == SAMPLES
    assert cohort.unit == "NPX"
    assert any(note.startswith(f"{gone} rows of controls") and "'CONTROL_1'" in note for note in cohort.notes)


def test_one_protein_in_two_panels_stays_two_assays(tmp_path):
    assert read(tmp_path).axes[0].labels == ("IL6 (OID20100)", "IL6 (OID20911)", "TNF")
    assert read(tmp_path, names="OlinkID").axes[0].labels == tuple(assay[0] for assay in ASSAYS)


def test_warnings_are_kept_and_counted_unless_asked_otherwise(tmp_path):
    table = explore()
    table.loc[3, "QC_Warning"] = "WARN"
    table.loc[4, "Assay_Warning"] = "WARN"
    kept = read(tmp_path, table)
    assert not np.isnan(kept.x).any()
    assert any(note.startswith("2 levels have a warning") and "kept" in note for note in kept.notes)
    left = read(tmp_path, table, warned="not measured")
    assert np.argwhere(np.isnan(left.x)).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("verdict", ["FAIL", "EXCLUDED"])
def test_what_failed_the_quality_control_is_never_used(tmp_path, verdict):
    table = explore()
    table.loc[3, "QC_Warning"] = verdict
    cohort = read(tmp_path, table)
    assert np.argwhere(np.isnan(cohort.x)).tolist() == [[1, 0]]
    assert any(note.startswith("1 levels did not pass") for note in cohort.notes)


def test_the_words_of_the_older_target_panels_are_understood(tmp_path):
    table = explore().replace({"QC_Warning": {"PASS": "Pass"}}).drop(columns=["Assay_Warning", "Sample_Type"])
    table = table[table["SampleID"] != "CONTROL_1"]
    table.loc[3, "QC_Warning"] = "Warning"
    cohort = read(tmp_path, table)
    assert not np.isnan(cohort.x).any()
    assert any("1 levels have a warning" in note for note in cohort.notes)


def test_a_sample_on_two_plates_is_refused_with_both_rows(tmp_path):
    table = pd.concat([explore(), explore().iloc[[4]].assign(PlateID="PLATE2", NPX=9.5)])
    with pytest.raises(InputError) as error:
        read(tmp_path, table)
    for word in ("row 65", "'A01'", "'OID20911'", "9.5", "in row 6"):
        assert word in str(error.value)


def test_an_empty_npx_was_not_measured_and_text_is_refused(tmp_path):
    table = explore().astype({"NPX": object})
    table.loc[0, "NPX"] = "NA"
    assert np.argwhere(np.isnan(read(tmp_path, table).x)).tolist() == [[0, 0]]
    table.loc[0, "NPX"] = "low"
    with pytest.raises(InputError, match=r"row 2 \(A00\), column 'NPX' holds 'low'"):
        read(tmp_path, table)


def test_columns_of_the_table_say_who_the_samples_are_where_they_do_not_change(tmp_path):
    table = explore().assign(who=lambda t: "P" + t["SampleID"])
    samples = read(tmp_path, table, sheet={"patient": "who", "batch": "PlateID"}).samples
    assert list(samples["subject"]) == [f"P{name}" for name in SAMPLES]
    assert set(samples["batch"]) == {"PLATE1"}
    table.loc[4, "PlateID"] = "PLATE2"
    with pytest.raises(InputError, match="row 6: column 'PlateID' changes within the sample 'A01'"):
        read(tmp_path, table, sheet={"batch": "PlateID"})


def test_a_second_logarithm_is_refused(tmp_path):
    with pytest.raises(InputError, match="log: none"):
        read(tmp_path, levels={"log": "log2"})


def test_another_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column 'NPX'"):
        read(tmp_path, explore().rename(columns={"NPX": "Quantified_value"}))


def test_a_table_of_controls_only_is_refused(tmp_path):
    with pytest.raises(InputError, match="no row of a sample is left"):
        read(tmp_path, explore().assign(Sample_Type="CONTROL"))
