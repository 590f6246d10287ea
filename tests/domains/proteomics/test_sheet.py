from pathlib import Path

import pytest

from biox.core.errors import InputError
from biox.core.find import bind
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.sheet import Sheet, described
from biox.domains.proteomics.table import table

from .made_tables import PROTEINS, SAMPLES, levels, sheet


def read(tmp_path: Path, rows, table_samples=SAMPLES, **options):
    rows.to_csv(tmp_path / "sheet.csv", index=False)
    frame = levels(table_samples)
    found = Levels(frame.to_numpy(), frame.index.to_frame(index=False).astype(str), PROTEINS, "level", "levels.csv")
    return described(found, Sheet.model_validate({"file": tmp_path / "sheet.csv", **options}))


def test_samples_that_only_one_side_has_are_named(tmp_path):
    with pytest.raises(InputError) as error:
        read(tmp_path, sheet(("X1", "X2", *SAMPLES[2:])))
    assert "only the sheet has 'X1', 'X2'" in str(error.value)
    assert "only the table has 'S00', 'S01'" in str(error.value)


def test_many_unmatched_samples_are_counted(tmp_path):
    with pytest.raises(InputError, match=r"'S00', 'S01', 'S02', 'S03', 'S04' ... \(24 in all\)"):
        read(tmp_path, sheet([f"X{n}" for n in range(24)]))


def test_unmatched_samples_are_left_out_only_when_that_is_asked_for(tmp_path):
    found = read(tmp_path, sheet(("X1", *SAMPLES[1:])), unmatched="leave out")
    assert list(found.samples["sample"]) == list(SAMPLES[1:])
    assert (found.values == levels().to_numpy()[1:]).all()
    assert found.notes == ("Left out: only in the sheet 'X1'; only in the table 'S00'.",)


def test_a_sheet_may_list_samples_that_the_study_does_not_ask_for(tmp_path):
    rows = sheet((*SAMPLES, "N1", "N2")).assign(tissue=["tumour"] * 24 + ["normal"] * 2)
    assert len(read(tmp_path, rows, where={"tissue": ["tumour"]}).samples) == 24
    with pytest.raises(InputError, match="only the sheet has 'N1', 'N2'"):
        read(tmp_path, rows)


def test_a_sheet_of_other_samples_is_refused_even_then(tmp_path):
    with pytest.raises(InputError, match="do not match"):
        read(tmp_path, sheet([f"X{n}" for n in range(24)]), unmatched="leave out")


def test_columns_can_have_any_name(tmp_path):
    rows = sheet().rename(columns={"sample": "run", "patient": "who", "type": "cancer", "batch": "plate"})
    found = read(tmp_path, rows, sample="run", patient="who", type="cancer", batch="plate").samples
    assert list(found["subject"]) == list(rows["who"])
    assert set(found["label"]) == {"basal", "luminal"}
    assert "cancer" not in found


def test_the_first_column_names_the_samples_where_none_is_called_sample(tmp_path):
    assert len(read(tmp_path, sheet().rename(columns={"sample": "run"})).samples) == len(SAMPLES)


def test_numbers_as_names_stay_text(tmp_path):
    names = [f"{n:03d}" for n in range(24)]
    assert list(read(tmp_path, sheet(names), names).samples["sample"]) == names


def test_a_sample_twice_in_the_sheet_is_refused(tmp_path):
    with pytest.raises(InputError, match="'S00' stands there more than once"):
        read(tmp_path, sheet(("S00", *SAMPLES)))


@pytest.mark.parametrize("empty", ["", "NA"])
def test_an_empty_patient_is_refused(tmp_path, empty):
    rows = sheet()
    rows.loc[5, "patient"] = empty
    with pytest.raises(InputError, match="sample 'S05' has no value in column 'patient'"):
        read(tmp_path, rows)


@pytest.mark.parametrize("empty", ["", "NA"])
def test_an_empty_covariate_is_a_gap_and_no_fault(tmp_path, empty):
    rows = sheet().astype({"age_years": object})
    rows.loc[5, "age_years"] = empty
    ages = read(tmp_path, rows).samples["age_years"]
    assert ages.isna().sum() == 1
    assert ages[6] == 46


def test_a_column_that_would_pass_for_the_type_is_refused(tmp_path):
    with pytest.raises(InputError, match="'label' has a name that biox uses itself"):
        read(tmp_path, sheet().assign(label="x"))


@pytest.mark.parametrize("key", ["sample", "patient", "type", "batch"])
def test_a_column_that_is_asked_for_has_to_be_there(tmp_path, key):
    with pytest.raises(InputError, match="no column 'nowhere'"):
        read(tmp_path, sheet(), **{key: "nowhere"})


@pytest.mark.parametrize(
    "options",
    [{"file": "s.csv", "others": ["age"]}, {"sample": "run"}, {"type": "a", "runs": {"b": 2}}, {"patients": "who"}],
)
def test_settings_that_would_have_no_effect_are_refused(options):
    with pytest.raises(InputError, match="data"):
        bind(table, {"file": "a.csv", "sheet": options}, "data")
