import csv

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.find import bind, known
from biox.core.raw_files import paths_in
from biox.core.store import load_cohort, save_cohort
from biox.domains.proteomics.table import TableSettings, table

from .made_tables import PROTEINS, SAMPLES, levels, sheet


def read(tmp_path, frame: pd.DataFrame | str, name="levels.csv", **options):
    file = tmp_path / name
    if isinstance(frame, str):
        file.write_text(frame, encoding="utf-8")
    elif file.suffix == ".parquet":
        frame.to_parquet(file)
    else:
        frame.to_csv(file, sep="\t" if ".tsv" in name else ",")
    return table(TableSettings.model_validate({"file": file, **options}))


def refused(tmp_path, frame, *words: str, name="levels.csv", **options) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, frame, name, **options)
    for word in words:
        assert word in str(error.value)


@pytest.fixture
def sheet_file(tmp_path):
    sheet().to_csv(tmp_path / "sheet.csv", index=False)
    return tmp_path / "sheet.csv"


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.parquet"])
def test_every_format_gives_the_same_levels(tmp_path, name):
    cohort = read(tmp_path, levels(), name)
    assert cohort.x.dtype == np.float32
    np.testing.assert_array_equal(cohort.x, levels().to_numpy(np.float32))
    assert cohort.axes[0].name == "protein"
    assert cohort.axes[0].labels == PROTEINS
    assert list(cohort.samples["sample"]) == list(SAMPLES)
    assert cohort.classes == ("all",)
    assert "Patients are not known: a subject is a sample." in cohort.notes


def test_a_separator_inside_quotes_does_not_separate(tmp_path):
    frame = levels(proteins=("A;B;C;D", "E;F;G;H", "I"))
    text = frame.to_csv(quoting=csv.QUOTE_NONNUMERIC)
    assert read(tmp_path, text).axes[0].labels == ("A;B;C;D", "E;F;G;H", "I")


def test_a_semicolon_separates_too(tmp_path):
    assert read(tmp_path, levels().to_csv(sep=";")).x.shape == (24, 5)


def test_the_transposed_table_gives_the_same_levels(tmp_path):
    turned = levels().T.rename_axis("gene").assign(description="a, b").reset_index()
    found = read(tmp_path, turned.set_index("gene"), orientation="proteins in rows", leave_out=["description"])
    np.testing.assert_array_equal(found.x, levels().to_numpy(np.float32))
    assert list(found.samples["sample"]) == list(SAMPLES)


def test_what_was_not_measured_is_nan_and_nothing_is_filled_unasked(tmp_path):
    frame = levels().astype(object)
    frame.iloc[0, 0], frame.iloc[1, 1] = "NA", ""
    cohort = read(tmp_path, frame)
    assert np.argwhere(np.isnan(cohort.x)).tolist() == [[0, 0], [1, 1]]
    assert any("neither shown nor scored" in note for note in cohort.notes)


def test_gaps_are_filled_where_that_is_asked_for_and_said(tmp_path):
    frame = levels()
    frame.iloc[0, 0] = np.nan
    cohort = read(tmp_path, frame, levels={"fill": "median"})
    assert cohort.x[0, 0] == pytest.approx(frame["AKT1"].median())
    assert any("filled with the median" in note for note in cohort.notes)


def test_a_sheet_says_who_the_samples_are_in_the_order_of_the_table(tmp_path, sheet_file):
    sheet().sample(frac=1, random_state=0).to_csv(sheet_file, index=False)
    samples = read(tmp_path, levels(), sheet=str(sheet_file)).samples
    assert list(samples["sample"]) == list(SAMPLES)
    assert list(samples["subject"]) == list(sheet()["patient"])
    assert list(samples["label"]) == list(sheet()["type"])
    assert list(samples["batch"]) == list(sheet()["batch"])
    assert samples["age_years"].dtype.kind in "if"
    assert list(samples["code"]) == list(sheet()["code"])
    assert set(samples["group"]) == {"0", "1", "2", "3"}


def test_columns_of_the_table_itself_can_say_it_too(tmp_path):
    frame = levels().assign(patient="p", cancer="BRCA", age=7).assign(patient=SAMPLES)
    cohort = read(tmp_path, frame, sheet={"type": "cancer", "others": ["age"]})
    assert cohort.x.shape == (24, 5)
    assert cohort.classes == ("BRCA",)
    assert cohort.samples["age"].eq(7).all()


def test_the_column_called_sample_names_the_samples_wherever_it_stands(tmp_path):
    frame = levels().reset_index()
    frame.insert(0, "patient", [f"P{n}" for n in range(24)])
    samples = read(tmp_path, frame.set_index("patient")).samples
    assert list(samples["sample"]) == list(SAMPLES)
    assert samples["subject"][3] == "P3"


def test_the_first_column_may_name_sample_and_patient_at_once(tmp_path):
    samples = read(tmp_path, levels().rename_axis("patient")).samples
    assert list(samples["subject"]) == list(samples["sample"]) == list(SAMPLES)


def test_types_can_be_runs_of_samples(tmp_path):
    cohort = read(tmp_path, levels(), sheet={"runs": {"one": 10, "two": 14}})
    assert cohort.samples["label"].value_counts().to_dict() == {"one": 10, "two": 14}
    refused(tmp_path, levels(), "24 samples", "20", sheet={"runs": {"one": 20}})


def test_only_the_samples_asked_for_stay(tmp_path):
    frame = pd.concat([levels(), levels([f"N{n}" for n in range(10)])])
    frame["kind"] = ["tumour"] * 24 + ["normal"] * 10
    cohort = read(tmp_path, frame, sheet={"where": {"kind": ["tumour"]}})
    assert len(cohort.x) == 24
    assert any(note.startswith("10 samples were left out") for note in cohort.notes)
    refused(tmp_path, frame, "'blood'", "'normal'", sheet={"where": {"kind": ["blood"]}})


def test_the_cohort_survives_being_saved(tmp_path, sheet_file):
    frame = levels()
    frame.iloc[3, 2] = np.nan
    cohort = read(tmp_path, frame, sheet=str(sheet_file))
    save_cohort(cohort, tmp_path / "cohort")
    again = load_cohort(tmp_path / "cohort")
    np.testing.assert_array_equal(np.asarray(again.x[:]), cohort.x)
    pd.testing.assert_frame_equal(again.samples, cohort.samples)
    assert again.notes == cohort.notes


def test_every_file_of_the_settings_is_watched(tmp_path, sheet_file):
    options = {"file": "a.csv", "sheet": str(sheet_file), "levels": {"symbols": "genes.csv"}}
    settings = bind(table, options, "data")["settings"]
    assert {path.name for path in paths_in(settings)} == {"a.csv", "sheet.csv", "genes.csv"}


def test_the_readers_are_known_by_name():
    assert {"table", "rppa", "maxquant", "diann", "olink", "h5ad"} <= set(known("biox.domains.proteomics"))
    assert "centred" not in known("biox.domains.proteomics")


@pytest.mark.parametrize(("cell", "more"), [("high", ""), ("0,5", "decimal point"), ("inf", ""), ("<LOD", "")])
def test_a_cell_that_is_no_number_is_named(tmp_path, cell, more):
    frame = levels().astype(object)
    frame.iloc[3, 1] = cell
    refused(tmp_path, frame, "row 5 (S03)", "'TP53'", cell, more)


def test_truth_values_are_no_levels(tmp_path):
    refused(tmp_path, levels().assign(flag=True), "row 2 (S00)", "'flag'", "True")


def test_a_number_that_stands_in_the_first_column_is_no_name(tmp_path):
    text = levels().to_csv(index=False)
    refused(tmp_path, text, "'AKT1'", "id_column: row number")
    assert list(read(tmp_path, text, id_column="row number").samples["sample"])[:2] == ["1", "2"]


def test_too_few_samples_are_refused_unless_they_are_new_patients(tmp_path):
    refused(tmp_path, levels(SAMPLES[:19]), "19 samples", "at least 20", "new patients")
    assert read(tmp_path, levels(SAMPLES[:1]), levels={"purpose": "new patients"}).x.shape == (1, 5)


def test_new_patients_are_not_treated_by_a_cohort_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="need a cohort"):
        bind(table, {"file": "a.csv", "levels": {"purpose": "new patients", "centre": "batch"}}, "predict")


@pytest.mark.parametrize("value", [3.5, np.nan])
def test_a_protein_without_anything_to_learn_is_refused(tmp_path, value):
    words = ["measured in no sample"] if np.isnan(value) else ["same level in all samples", "without"]
    refused(tmp_path, levels().assign(HER2=value), "'HER2'", *words)
    left = read(tmp_path, levels().assign(HER2=value), levels={"without": ["HER2"]})
    assert "HER2" not in left.axes[0].labels


def test_a_sample_without_any_level_is_refused(tmp_path):
    frame = levels()
    frame.iloc[4] = np.nan
    refused(tmp_path, frame, "'S04'", "nothing was measured")


def test_proteins_that_are_rarely_measured_can_be_left_out(tmp_path):
    frame = levels()
    frame.iloc[:20, 3] = np.nan
    cohort = read(tmp_path, frame, levels={"least_measured": 0.5})
    assert "HER2" not in cohort.axes[0].labels
    assert any("less than 50%" in note and "'HER2'" in note for note in cohort.notes)
    assert "HER2" in read(tmp_path, frame, levels={"least_measured": 0.1}).axes[0].labels


def test_names_that_stand_twice_are_refused(tmp_path):
    refused(tmp_path, levels(proteins=("A", "B", "A")), "'A'", "more than once")
    refused(tmp_path, levels((*SAMPLES, "S03")), "'S03'", "more than once")
    turned = levels(proteins=("A", "B", "A")).T
    refused(tmp_path, turned, "protein 'A'", "more than once", orientation="proteins in rows")


def test_an_unnamed_sample_is_refused(tmp_path):
    refused(tmp_path, levels(("", *SAMPLES)), "sample number 1 has no name")


def test_empty_files_and_headers_without_rows_are_refused(tmp_path):
    refused(tmp_path, "", "is empty")
    refused(tmp_path, "sample,A,B\n", "no rows")
    with pytest.raises(InputError, match="There is no file"):
        table(TableSettings(file=tmp_path / "absent.csv"))


def test_another_delimiter_is_refused(tmp_path):
    refused(tmp_path, levels().to_csv(sep="|"), "one single column", "comma")
    refused(tmp_path, levels().to_csv(sep=" "), "one single column")


def test_a_table_that_was_cut_off_is_refused(tmp_path):
    refused(tmp_path, levels().to_csv()[:-8], "row 25 has 5 cells, but the header has 6")


def test_damaged_archives_are_refused(tmp_path):
    levels().to_csv(tmp_path / "a.csv.gz")
    (tmp_path / "a.csv.gz").write_bytes((tmp_path / "a.csv.gz").read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        table(TableSettings(file=tmp_path / "a.csv.gz"))
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="expected a Parquet table"):
        table(TableSettings(file=tmp_path / "a.parquet"))


def test_a_table_of_r_that_lacks_a_name_in_the_header_is_refused(tmp_path):
    text = levels().to_csv().replace("sample,", "", 1)
    refused(tmp_path, text, "row 2 has 6 cells, but the header has 5", "col.names = NA")


def test_text_in_another_encoding_and_workbooks_are_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("sample;größe\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        table(TableSettings(file=tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_bytes(b"sample,A,B\nS1,1,2\nS\xfc,3,4\n")
    with pytest.raises(InputError, match="not UTF-8"):
        table(TableSettings(file=tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(InputError, match="workbook"):
        table(TableSettings(file=tmp_path / "a.csv"))


@pytest.mark.parametrize(
    "options",
    [
        {"id_column": "nowhere"},
        {"leave_out": ["nowhere"]},
        {"sheet": {"patient": "nowhere"}},
        {"sheet": {"where": {"nowhere": ["x"]}}},
        {"levels": {"without": ["nowhere"]}},
        {"levels": {"centre": "nowhere"}},
    ],
)
def test_unknown_columns_in_the_settings_are_refused(tmp_path, options):
    refused(tmp_path, levels(), "'nowhere'", **options)


@pytest.mark.slow
def test_seven_thousand_samples_are_read_as_they_were_written(tmp_path):
    names = [f"S{n}" for n in range(7000)]
    frame = levels(names, [f"p{n}" for n in range(300)])
    frame.to_csv(tmp_path / "large.csv")
    cohort = table(TableSettings(file=tmp_path / "large.csv"))
    assert list(cohort.samples["sample"]) == names
    assert np.array_equal(cohort.x, frame.to_numpy(np.float32))


def test_a_numeric_batch_beside_the_levels_is_not_taken_for_a_protein(tmp_path):
    frame = levels().assign(batch=np.arange(len(SAMPLES)) % 3, group=np.arange(len(SAMPLES)) % 2)
    own = read(tmp_path, frame)
    assert own.axes[0].labels == PROTEINS
    assert own.samples["group"].tolist() == [str(k % 2) for k in range(len(SAMPLES))]
    sheet().to_csv(tmp_path / "sheet.csv", index=False)
    refused(tmp_path, frame, "'batch', 'group'", "about the sample", "leave_out", sheet=tmp_path / "sheet.csv")
    left = read(tmp_path, frame, sheet=tmp_path / "sheet.csv", leave_out=["batch", "group"])
    assert left.axes[0].labels == PROTEINS
