import shutil

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.domains.gait.gaitrec import GaitrecSettings, gaitrec
from biox.domains.gait.gaitrec_sessions import COLUMNS, first_side, sessions

POINTS = range(1, 102)
STEMS = ("F_ML_PRO", "F_AP_PRO", "F_V_PRO", "COP_AP_PRO", "COP_ML_PRO")
FEET = ("left", "right")


def metadata() -> pd.DataFrame:
    """Six people, one session each: healthy, three patients (left, right, both sides), and two for the test set."""
    rows = {
        "SUBJECT_ID": [1, 2, 3, 4, 5, 6],
        "SESSION_ID": [11, 22, 33, 44, 55, 66],
        "CLASS_LABEL": ["HC", "K", "H", "C", "HC", "A"],
        "AFFECTED_SIDE": [np.nan, 0, 1, 2, np.nan, 1],
        "SHOD_CONDITION": [0, 1, 1, 2, 1, 1],
        "SPEED": [1, 2, 2, 2, 3, 2],
        "SESSION_TYPE": [1, 1, 2, 3, 1, 1],
        "SEX": [0, 1, 0, 1, 0, 1],
        "AGE": [30, 40, 50, 60, 35, 45],
        "HEIGHT": [170.0, np.nan, 160, 180, 175, 165],
        "BODY_MASS": [60.0, 70, 80, 90, 65, 75],
        "TRAIN": [1, 1, 1, 1, 0, 0],
        "TRAIN_BALANCED": [1, 1, 0, 0, 0, 0],
        "TEST": [0, 0, 0, 0, 1, 1],
    }
    return pd.DataFrame(rows).assign(BODY_WEIGHT=lambda table: (table["BODY_MASS"] * 9.81).round(1))


def waves(table: pd.DataFrame, stem: str, foot: str, trials: int = 2) -> pd.DataFrame:
    """A waveform file whose values tell session, trial, component, foot and point apart."""
    keys = table[["SUBJECT_ID", "SESSION_ID"]].loc[table.index.repeat(trials)].reset_index(drop=True)
    keys["TRIAL_ID"] = np.tile(np.arange(1, trials + 1), len(table))
    level = keys["SESSION_ID"] / 100 + keys["TRIAL_ID"] / 1000 + STEMS.index(stem) / 10 + FEET.index(foot)
    values = {f"{stem}_{point}": level + point / 1e6 for point in POINTS}
    return pd.concat([keys, pd.DataFrame(values)], axis=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder, table = tmp_path_factory.mktemp("gaitrec"), metadata()
    table.to_csv(folder / "GRF_metadata.csv", index=False)
    for stem in STEMS:
        for foot in FEET:
            waves(table, stem, foot).to_csv(folder / f"GRF_{stem}_{foot}.csv", index=False)
    return folder


@pytest.fixture
def folder(template, tmp_path):
    return shutil.copytree(template, tmp_path / "gaitrec")


def change(file, function):
    function(pd.read_csv(file)).to_csv(file, index=False)


def read(folder, **options):
    return gaitrec(GaitrecSettings(folder=folder, **options))


def value(cohort, sample, channel, point=0):
    row = list(cohort.samples["sample"]).index(sample)
    return float(cohort.x[row, cohort.axes[0].labels.index(channel), point])


def test_affected_side_comes_first_whichever_foot_it_is(folder):
    cohort = read(folder)
    vertical = 0.2
    left_is_affected, right_is_affected = 22 / 100 + 0.001 + vertical, 33 / 100 + 0.001 + vertical
    assert value(cohort, "G0002-22-1", "affected V") == pytest.approx(left_is_affected, abs=1e-5)
    assert value(cohort, "G0002-22-1", "unaffected V") == pytest.approx(left_is_affected + 1, abs=1e-5)
    assert value(cohort, "G0003-33-1", "affected V") == pytest.approx(right_is_affected + 1, abs=1e-5)
    assert value(cohort, "G0003-33-1", "unaffected V") == pytest.approx(right_is_affected, abs=1e-5)


def test_every_value_lands_at_its_trial_component_and_point(folder):
    cohort = read(folder, components=("V", "AP", "ML", "COP AP", "COP ML"))
    first = dict(cohort.samples.set_index("sample")["first_side"])
    for sample in cohort.samples["sample"]:
        _, session, trial = sample.split("-")
        for side in ("affected", "unaffected"):
            foot = FEET.index(first[sample]) ^ (side == "unaffected")
            for component, place in {"ML": 0, "AP": 1, "V": 2, "COP AP": 3, "COP ML": 4}.items():
                expected = int(session) / 100 + int(trial) / 1000 + place / 10 + foot + 73 / 1e6
                assert value(cohort, sample, f"{side} {component}", 72) == pytest.approx(expected, abs=1e-6)


def test_row_order_of_the_files_does_not_matter(folder):
    before = read(folder)
    for foot in FEET:
        change(folder / f"GRF_F_AP_PRO_{foot}.csv", lambda rows: rows.sample(frac=1, random_state=3))
    assert np.array_equal(read(folder).x, before.x)


def test_covariates_have_words_and_units(folder):
    row = read(folder).samples.set_index("sample").loc["G0003-33-2"]
    assert (row["label"], row["sex"], row["footwear"], row["speed"]) == ("hip", "female", "shoe", "self-selected")
    assert (row["age_years"], row["height_m"], row["mass_kg"], row["session_type"]) == (50, 1.6, 80, "control")
    assert (row["trial"], row["session"], row["session_trial"]) == (2, 33, 2)


def test_side_of_the_healthy_is_drawn_per_person_and_does_not_depend_on_the_filter(folder):
    every, some = read(folder, seed=5), read(folder, seed=5, footwear=("barefoot",))
    both = every.samples.merge(some.samples, on="sample")
    assert len(both) == 2
    assert (both["first_side_x"] == both["first_side_y"]).all()


def test_about_half_of_the_healthy_get_the_left_side_and_seeds_differ():
    table = pd.DataFrame({"subject": [f"G{n:04d}" for n in range(1, 401)], "affected": "none"})
    sides = [first_side(table, seed) for seed in (0, 1)]
    assert 160 < (sides[0] == "left").sum() < 240
    assert 100 < (sides[0] != sides[1]).sum() < 300
    assert sides[0].equals(first_side(table, 0))


def test_affected_on_both_sides_is_drawn_too_and_noted(folder):
    cohort = read(folder)
    assert set(cohort.samples.loc[cohort.samples["affected"] == "both", "first_side"]) <= {"left", "right"}
    assert "2 healthy people and 1 affected on both sides" in cohort.notes[0]


@pytest.mark.parametrize(
    ("option", "left"),
    [
        ({"sessions": ("initial",)}, {11, 22, 55, 66}),
        ({"footwear": ("shoe",)}, {22, 33, 55, 66}),
        ({"speeds": ("self-selected",)}, {22, 33, 44, 66}),
        ({"affected": ("none", "both")}, {11, 44, 55}),
        ({"train": "TRAIN_BALANCED"}, {11, 22, 55, 66}),
    ],
)
def test_filters_keep_the_sessions_they_name(folder, option, left):
    assert set(read(folder, **option).samples["session"]) == left


def test_filter_that_keeps_nothing_is_said(folder):
    with pytest.raises(InputError, match="none of its 6 sessions passes the filters"):
        read(folder, speeds=("fast",), footwear=("barefoot",))


def test_official_sets_become_the_words_that_folds_understand(folder):
    split = read(folder).samples.drop_duplicates("session").set_index("session")["split"]
    assert split.to_dict() == {11: "train", 22: "train", 33: "train", 44: "train", 55: "test", 66: "test"}


def test_metadata_without_waveforms_lists_the_sessions(folder):
    for stem in STEMS:
        for foot in FEET:
            change(folder / f"GRF_{stem}_{foot}.csv", lambda rows: rows[~rows["SESSION_ID"].isin([22, 44])])
    with pytest.raises(InputError, match=r"2 of 6 sessions .* have no waveforms .*: 22, 44\."):
        read(folder)
    cohort = read(folder, incomplete="leave out")
    assert set(cohort.samples["session"]) == {11, 33, 55, 66}
    assert "2 sessions without waveforms" in cohort.notes[-1]


def test_waveforms_without_metadata_list_the_sessions(folder):
    change(folder / "GRF_metadata.csv", lambda rows: rows[rows["SESSION_ID"] != 33])
    with pytest.raises(InputError, match=r"1 sessions have waveforms but no row in .*GRF_metadata.csv: 33"):
        read(folder)


def test_trial_that_one_file_lacks_is_named(folder):
    change(folder / "GRF_F_V_PRO_right.csv", lambda rows: rows.drop(index=3))
    with pytest.raises(
        InputError, match=r"1 trials stand in GRF_F_ML_PRO_left.csv but not in .*V_PRO_right.csv: session 22"
    ):
        read(folder)
    assert "G0002-22-2" not in set(read(folder, incomplete="leave out").samples["sample"])


def test_session_of_another_subject_is_refused(folder):
    change(folder / "GRF_F_ML_PRO_left.csv", lambda rows: rows.assign(SUBJECT_ID=9))
    with pytest.raises(InputError, match=r"Session 11 belongs to subject 1 .* but to 9 in the waveform files"):
        read(folder)


def test_wrong_length_is_said(folder):
    change(folder / "GRF_F_AP_PRO_left.csv", lambda rows: rows.drop(columns=[f"F_AP_PRO_{p}" for p in range(98, 102)]))
    with pytest.raises(
        InputError, match=r"AP_PRO_left.csv: it has 97 columns F_AP_PRO_\*, expected 101 .* F_AP_PRO_98"
    ):
        read(folder)


def test_missing_key_column_is_listed(folder):
    change(folder / "GRF_F_AP_PRO_left.csv", lambda rows: rows.drop(columns="TRIAL_ID"))
    with pytest.raises(InputError, match=r"missing column 'TRIAL_ID'; it has 'SUBJECT_ID', 'SESSION_ID', 'F_AP_PRO_1'"):
        read(folder)


def test_gap_is_named_by_row_and_column(folder):
    change(
        folder / "GRF_F_V_PRO_left.csv", lambda rows: rows.assign(F_V_PRO_7=rows["F_V_PRO_7"].where(rows.index != 4))
    )
    with pytest.raises(InputError, match=r"GRF_F_V_PRO_left.csv, row 6: column 'F_V_PRO_7' is empty"):
        read(folder)


def test_text_is_quoted(folder):
    def spoil(rows):
        rows = rows.astype({"F_V_PRO_7": object})
        rows.loc[4, "F_V_PRO_7"] = "n/a?"
        return rows

    change(folder / "GRF_F_V_PRO_left.csv", spoil)
    with pytest.raises(
        InputError, match=r"GRF_F_V_PRO_left.csv, row 6: column 'F_V_PRO_7' holds 'n/a\?', expected a number"
    ):
        read(folder)


def test_newton_among_body_weight_is_refused(folder):
    change(folder / "GRF_F_V_PRO_left.csv", lambda rows: rows.assign(F_V_PRO_50=np.where(rows.index == 2, 741.0, 1.0)))
    with pytest.raises(InputError, match=r"row 4: column 'F_V_PRO_50' holds 741, which looks like newton"):
        read(folder)


def test_duplicate_trial_is_named(folder):
    change(folder / "GRF_F_V_PRO_left.csv", lambda rows: pd.concat([rows, rows.tail(1)]))
    with pytest.raises(InputError, match=r"row 14: duplicate trial: session 66, trial 2"):
        read(folder)


@pytest.mark.parametrize(
    ("column", "wrong", "message"),
    [
        ("CLASS_LABEL", "X", r"row 3: column 'CLASS_LABEL' holds 'X'; known are 'HC'"),
        ("AFFECTED_SIDE", 3, r"row 3: column 'AFFECTED_SIDE' holds 3.0; expected 0 \(left\)"),
        ("AFFECTED_SIDE", np.nan, r"row 3: column 'AFFECTED_SIDE' is empty \(NaN\); a patient needs"),
        ("SPEED", 7, r"row 3: column 'SPEED' holds 7; expected 1, 2, 3"),
        ("SESSION_ID", 11, r"row 3: column 'SESSION_ID' holds 11; a session may stand there once"),
        ("BODY_WEIGHT", 70, r"row 3: column 'BODY_WEIGHT' holds 70.0; expected newton"),
        ("AGE", np.nan, r"row 3: column 'AGE' is empty"),
    ],
)
def test_wrong_metadata_is_named_by_row(folder, column, wrong, message):
    def spoil(rows):
        rows.loc[1, column] = wrong
        return rows

    change(folder / "GRF_metadata.csv", spoil)
    with pytest.raises(InputError, match=message):
        read(folder)


def test_missing_metadata_column_lists_those_found(folder):
    change(folder / "GRF_metadata.csv", lambda rows: rows.drop(columns="TEST"))
    with pytest.raises(InputError, match=r"missing column 'TEST'; it has 'SUBJECT_ID'"):
        read(folder)


@pytest.mark.parametrize("name", ["GRF_metadata.csv", "GRF_F_ML_PRO_left.csv", "GRF_F_V_PRO_right.csv"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xferubbish" * 50, b"SUBJECT_ID,SESSION_ID\n1,"])
def test_broken_file_is_a_sentence(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read(folder)


def test_file_cut_off_in_the_middle_is_a_sentence(folder):
    file = folder / "GRF_F_V_PRO_right.csv"
    file.write_text(file.read_text()[:-300])
    with pytest.raises(InputError, match=r"GRF_F_V_PRO_right.csv, row 13: column 'F_V_PRO_\d+'"):
        read(folder)


def test_missing_file_is_named(folder):
    (folder / "GRF_F_V_PRO_right.csv").unlink()
    with pytest.raises(InputError, match=r"There is no file .*GRF_F_V_PRO_right.csv"):
        read(folder)


def test_real_metadata_has_the_published_counts(shared_data):
    table = sessions(shared_data / "gaitrec-metadata/GRF_metadata.csv")
    counts = {"healthy": 810, "hip": 1512, "knee": 2386, "ankle": 2587, "calcaneus": 1676}
    assert (len(table), table["subject"].nunique()) == (8971, 2295)
    assert table["label"].value_counts().to_dict() == counts
    assert table["affected"].value_counts().to_dict() == {"left": 3933, "right": 3811, "both": 417, "none": 810}
    assert ((table["affected"] == "none") == (table["label"] == "healthy")).all()
    assert set(COLUMNS) <= set(pd.read_csv(shared_data / "gaitrec-metadata/GRF_metadata.csv", nrows=0).columns)


def test_real_official_splits_never_share_a_person(shared_data):
    table = sessions(shared_data / "gaitrec-metadata/GRF_metadata.csv")
    assert (table.groupby("subject")["test"].nunique() == 1).all()
    assert ((table["train"] == 1) != (table["test"] == 1)).all()
    assert (table.loc[table["train_balanced"] == 1, "train"] == 1).all()
    assert table.drop_duplicates("subject")["test"].sum() == 670
    balanced = table[table["train_balanced"] == 1]
    assert balanced["label"].value_counts().to_dict() == dict.fromkeys(
        ("healthy", "hip", "knee", "ankle", "calcaneus"), 145
    )


def test_waveforms_beside_the_real_metadata(shared_data, folder):
    """The real table with curves for twelve of its sessions, as a laboratory that has a part of GaitRec would."""
    file = shared_data / "gaitrec-metadata/GRF_metadata.csv"
    part = pd.read_csv(file).groupby("CLASS_LABEL").head(3)
    for stem in STEMS:
        for foot in FEET:
            waves(part, stem, foot).assign(**{f"{stem}_{p}": 0.5 for p in POINTS}).to_csv(
                folder / f"GRF_{stem}_{foot}.csv", index=False
            )
    cohort = read(folder, metadata=file, incomplete="leave out")
    assert cohort.classes == ("healthy", "hip", "knee", "ankle", "calcaneus")
    assert set(cohort.samples["session"]) == set(part["SESSION_ID"])
    assert cohort.x.shape == (30, 6, 101)
    with pytest.raises(InputError, match="8956 of 8971 sessions"):
        read(folder, metadata=file)
