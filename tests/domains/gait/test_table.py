import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.raw_files import paths_in
from biox.domains.gait.table import TableSettings, table

PERCENT = np.arange(101)
CHANNELS = ("vertical", "sideways")


def tidy(trials=(("ann", 1, "HC"), ("bob", 1, "K"), ("bob", 2, "K"))) -> pd.DataFrame:
    """Half-sine curves of a few trials, one row a value."""
    curves = [
        pd.DataFrame(
            {
                "subject": subject,
                "trial": trial,
                "channel": channel,
                "percent": PERCENT,
                "value": (number + trial) * np.sin(np.pi * PERCENT / 100) / 4,
                "label": label,
                "mass_kg": 60.0 + len(subject),
            }
        )
        for subject, trial, label in trials
        for number, channel in enumerate(CHANNELS)
    ]
    return pd.concat(curves, ignore_index=True)


def read(tmp_path, rows: pd.DataFrame, about: str | None = None, resample: bool = False):
    rows.to_csv(tmp_path / "forces.csv", index=False)
    if about is not None:
        (tmp_path / "about.yaml").write_text(about)
    sidecar = tmp_path / "about.yaml" if about is not None else None
    return table(TableSettings(file=tmp_path / "forces.csv", about=sidecar, resample=resample))


def test_values_land_in_their_trial_channel_and_percent_whatever_the_row_order(tmp_path):
    rows = tidy()
    plain, shuffled = read(tmp_path, rows), read(tmp_path, rows.sample(frac=1, random_state=0))
    order = pd.Index(shuffled.samples["sample"]).get_indexer(plain.samples["sample"])
    channels = [shuffled.axes[0].labels.index(name) for name in plain.axes[0].labels]
    assert np.array_equal(plain.x, shuffled.x[order][:, channels])
    assert plain.x[2, 1, 50] == pytest.approx(3 / 4)


def test_subject_label_and_covariates_reach_the_sample_table(tmp_path):
    cohort = read(tmp_path, tidy())
    assert cohort.samples.to_dict("list") == {
        "sample": ["ann-1", "bob-1", "bob-2"],
        "subject": ["ann", "bob", "bob"],
        "trial": [1, 1, 2],
        "label": ["HC", "K", "K"],
        "mass_kg": [63.0, 63.0, 63.0],
    }


def test_parquet_equals_csv(tmp_path):
    tidy().to_parquet(tmp_path / "forces.parquet")
    from_parquet, from_csv = table(TableSettings(file=tmp_path / "forces.parquet")), read(tmp_path, tidy())
    assert np.array_equal(from_parquet.x, from_csv.x)
    assert from_parquet.samples.to_dict("list") == from_csv.samples.to_dict("list")


def test_numeric_subject_names_keep_their_zeros(tmp_path):
    assert set(read(tmp_path, tidy((("007", 1, "HC"),))).samples["subject"]) == {"007"}


def test_one_trial_number_may_return_under_another_label(tmp_path):
    cohort = read(tmp_path, tidy((("ann", 1, "slow"), ("ann", 1, "fast"))))
    assert list(cohort.samples["sample"]) == ["ann-slow-1", "ann-fast-1"]


def test_yaml_gives_unit_order_and_names(tmp_path):
    about = """
unit: newton
channels: {sideways: affected ML, vertical: affected V}
labels: {K: knee, HC: healthy}
columns: {subject: patient, value: force}
"""
    rows = tidy().rename(columns={"subject": "patient", "value": "force"})
    cohort = read(tmp_path, rows.assign(force=rows["force"] * 900), about)
    assert cohort.unit == "newton"
    assert cohort.axes[0].labels == ("affected ML", "affected V")
    assert cohort.classes == ("knee", "healthy")
    assert cohort.x[0, 1, 50] == pytest.approx(900 / 4)


def test_yaml_of_the_same_name_beside_the_table_is_taken_and_counts_as_input(tmp_path):
    tidy().to_csv(tmp_path / "forces.csv", index=False)
    (tmp_path / "forces.yaml").write_text("labels: {HC: healthy, K: knee}")
    settings = TableSettings(file=tmp_path / "forces.csv")
    assert table(settings).classes == ("healthy", "knee")
    assert tmp_path / "forces.yaml" in paths_in(settings)


def test_table_without_labels_is_read_for_prediction(tmp_path):
    cohort = read(tmp_path, tidy().drop(columns="label"), "labels: [HC, K]")
    assert cohort.classes == ("unlabelled",)
    assert set(cohort.samples["label"]) == {"unlabelled"}


def test_missing_channel_is_named(tmp_path):
    rows = tidy()
    with pytest.raises(InputError, match=r"forces.csv: trial 'bob-1' has no channel 'sideways'"):
        read(tmp_path, rows[~((rows.subject == "bob") & (rows.trial == 1) & (rows.channel == "sideways"))])


def test_channel_that_the_yaml_does_not_know_is_named(tmp_path):
    with pytest.raises(InputError, match=r"forces.csv, row 103: unknown channel 'sideways'; known are 'vertical'"):
        read(tmp_path, tidy(), "channels: [vertical]")


def test_wrong_length_says_what_to_do(tmp_path):
    rows = tidy()
    with pytest.raises(
        InputError, match=r"row 305: trial 'bob-1', channel 'sideways' has 97 values .*expected 101 .*resample: true"
    ):
        read(tmp_path, rows[~((rows.subject == "bob") & (rows.channel == "sideways") & (rows.percent > 96))])


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ([37], r"100 values from 0 to 100 %, expected 101 .*; 37 % is missing\. 1 of 6 curves differ"),
        ([3, 37], r"; 3, 37 % are missing\."),
        (range(10, 20), r"; 10, 11, 12, 13, 14 \.\.\. % \(10 in all\) are missing\."),
    ],
)
def test_missing_points_are_named(tmp_path, lost, message):
    rows = tidy()
    here = (rows.subject == "ann") & (rows.channel == "vertical")
    with pytest.raises(InputError, match=message):
        read(tmp_path, rows[~(here & rows.percent.isin(lost))])


def test_point_between_the_percents_is_named(tmp_path):
    rows = tidy()
    with pytest.raises(InputError, match=r"has 102 values .*; 50.5 % is not among them\."):
        read(tmp_path, pd.concat([rows, rows.iloc[[50]].assign(percent=50.5)]))


def test_percents_off_the_grid_are_refused_even_if_there_are_101(tmp_path):
    rows = tidy()
    with pytest.raises(InputError, match="from 1 to 101 %, expected 101"):
        read(tmp_path, rows.assign(percent=rows["percent"] + 1))


def test_resampling_recovers_a_smooth_curve_from_other_lengths(tmp_path):
    fine = np.linspace(0, 100, 241)
    rows = pd.DataFrame({"subject": "ann", "trial": 1, "channel": "vertical", "percent": fine})
    cohort = read(tmp_path, rows.assign(value=np.sin(np.pi * fine / 100)), resample=True)
    assert np.abs(cohort.x[0, 0] - np.sin(np.pi * PERCENT / 100)).max() < 1e-3
    assert "1 of 1 curves had another length than 101" in cohort.notes[0]


def test_resampling_takes_frame_numbers_as_evenly_spread(tmp_path):
    frames = np.arange(61)
    rows = pd.DataFrame({"subject": "ann", "trial": 1, "channel": "vertical", "percent": frames, "value": frames / 60})
    assert read(tmp_path, rows, resample=True).x[0, 0] == pytest.approx(PERCENT / 100)


def test_part_of_a_stance_is_not_stretched(tmp_path):
    rows = tidy()
    with pytest.raises(InputError, match="covers 20 to 80 % of stance"):
        read(tmp_path, rows[rows["percent"].between(20, 80)], resample=True)


def test_empty_cell_is_named_by_row_and_column(tmp_path):
    rows = tidy()
    rows.loc[7, "value"] = np.nan
    with pytest.raises(InputError, match=r"forces.csv, row 9: column 'value' is empty"):
        read(tmp_path, rows)


def test_text_where_a_number_belongs_is_quoted(tmp_path):
    rows = tidy().astype({"value": object})
    rows.loc[7, "value"] = "0,83"
    with pytest.raises(InputError, match=r"forces.csv, row 9: column 'value' holds '0,83', expected a number"):
        read(tmp_path, rows)


def test_infinite_value_is_refused(tmp_path):
    rows = tidy()
    rows.loc[3, "value"] = np.inf
    with pytest.raises(InputError, match=r"row 5: column 'value' holds .*inf"):
        read(tmp_path, rows)


def test_mixed_units_are_named_by_trial(tmp_path):
    rows = tidy()
    rows.loc[(rows.subject == "bob") & (rows.trial == 2), "value"] *= 800
    with pytest.raises(InputError, match=r"trial 'bob-2' peaks at \d+, which looks like newton. 2 of 3 .* mixed"):
        read(tmp_path, rows)


def test_body_weight_called_newton_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"should be in newton.*looks like body weight"):
        read(tmp_path, tidy(), "unit: newton")


def test_duplicate_trial_is_named_by_row(tmp_path):
    rows = tidy()
    with pytest.raises(InputError, match=r"row 608: duplicate trial: 'ann-1', channel 'vertical' has a second value"):
        read(tmp_path, pd.concat([rows, rows.head(101)]))


def test_unknown_label_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"row 204: unknown label 'K'; known are 'HC', 'H'"):
        read(tmp_path, tidy(), "labels: [HC, H]")


def test_missing_columns_list_those_found(tmp_path):
    with pytest.raises(InputError, match=r"missing column 'percent'; it has 'subject', 'trial', 'channel', 'value'"):
        read(tmp_path, tidy().drop(columns="percent"))


def test_covariate_that_changes_within_a_trial_is_refused(tmp_path):
    rows = tidy()
    rows.loc[50, "mass_kg"] = 99
    message = r"row 52: column 'mass_kg' changes within the trial: 99.0, but 63.0 at its start \(.*forces.csv, row 2\)"
    with pytest.raises(InputError, match=message):
        read(tmp_path, rows)


def test_covariate_that_is_missing_in_one_row_of_a_trial_is_refused(tmp_path):
    rows = tidy()
    rows.loc[150, "mass_kg"] = np.nan
    with pytest.raises(InputError, match=r"row 152: column 'mass_kg' changes within the trial: nan, but 63.0"):
        read(tmp_path, rows)


def test_covariate_that_a_whole_trial_lacks_is_no_change(tmp_path):
    rows = tidy()
    rows.loc[rows["subject"] == "ann", "mass_kg"] = np.nan
    assert read(tmp_path, rows).samples["mass_kg"].isna().tolist() == [True, False, False]


def test_trial_must_be_a_whole_number(tmp_path):
    with pytest.raises(InputError, match=r"row 2: column 'trial' holds 1.5, expected a whole number"):
        read(tmp_path, tidy().assign(trial=1.5))


def test_unknown_key_in_the_yaml_lists_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"unknown key 'units'; known here are .*'unit'"):
        read(tmp_path, tidy(), "units: newton")


@pytest.mark.parametrize("name", ["forces.csv", "forces.parquet", "forces.csv.gz"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe\x17rubbish" * 30, b"PAR1 cut off", b"subject,trial\n"])
def test_broken_file_is_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        table(TableSettings(file=tmp_path / name))


def test_file_cut_off_in_the_middle_is_a_sentence(tmp_path):
    text = tidy().to_csv(index=False)
    (tmp_path / "forces.csv").write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match=r"forces.csv"):
        table(TableSettings(file=tmp_path / "forces.csv"))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*absent.csv"):
        table(TableSettings(file=tmp_path / "absent.csv"))


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("name", ["forces.csv", "forces.csv.gz"])
def test_semicolon_and_tab_are_read_as_the_comma_is(tmp_path, separator, name):
    tidy().to_csv(tmp_path / name, index=False, sep=separator, encoding="utf-8-sig")
    found = table(TableSettings(file=tmp_path / name))
    expected = read(tmp_path, tidy())
    assert np.array_equal(found.x, expected.x)
    assert found.samples.equals(expected.samples)


def test_decimal_comma_behind_semicolons_is_refused(tmp_path):
    tidy().to_csv(tmp_path / "forces.csv", index=False, sep=";", decimal=",")
    with pytest.raises(InputError, match=r"row 2: column 'value' holds '0,0', expected a number with a decimal point"):
        table(TableSettings(file=tmp_path / "forces.csv"))


@pytest.mark.parametrize("name", ["forces.csv", "forces.xlsx", "forces.xls"])
@pytest.mark.parametrize("start", [b"PK\x03\x04\x14\x00\x06\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_excel_workbook_is_called_so(tmp_path, name, start):
    (tmp_path / name).write_bytes(start + bytes(range(256)) * 4)
    with pytest.raises(InputError, match=rf"{name} is an Excel workbook; .* Save it as CSV \(UTF-8\)\.$"):
        table(TableSettings(file=tmp_path / name))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_text_in_another_encoding_says_how_to_save_it(tmp_path, encoding):
    tidy((("Müller", 1, "HC"),)).to_csv(tmp_path / "forces.csv", index=False, encoding=encoding)
    with pytest.raises(InputError, match=r"forces.csv: the text is not UTF-8; .* Save it as 'CSV UTF-8'\.$"):
        table(TableSettings(file=tmp_path / "forces.csv"))
