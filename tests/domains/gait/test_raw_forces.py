import gzip

import ezc3d
import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfiltfilt

from biox.core.errors import InputError
from biox.core.find import checked
from biox.domains.gait.forces import Contact, at_101_points, low_pass, pairs, stances
from biox.domains.gait.raw_forces import RawForcesSettings, raw_forces
from biox.domains.gait.recordings import signals

RATE = 1000.0
CONTACT = Contact(contact_n=25, shortest_s=0.3, longest_s=2.0)
WEIGHT_N = 70 * 9.81
CORNERS = np.array([[500.0, 0, 0], [500, 500, 0], [0, 500, 0], [0, 0, 0]]).T
DAMAGE = ((1383, 19), (1164, 4), (1035, 44), (788, 208), (827, 166), (553, 233))
BOTH_FEET = {"left V": "Fz1", "left AP": "Fy1", "right V": "Fz2", "right AP": "Fy2"}


def walk(starts, duration=0.7, seconds=6.0, peak=WEIGHT_N, rate=RATE):
    """Vertical force of one foot: a half sine at every start (in seconds), silence between."""
    time = np.arange(int(seconds * rate)) / rate
    inside = [(time >= s) & (time <= s + duration) for s in starts]
    return sum(
        (peak * np.sin(np.pi * (time - s) / duration) * on for s, on in zip(starts, inside, strict=True)),
        np.zeros_like(time),
    )


def recording(left=(0.5, 1.7, 2.9), right=(1.1, 2.3, 3.5)) -> pd.DataFrame:
    one, other = walk(left), walk(right, peak=1.1 * WEIGHT_N)
    return pd.DataFrame({"Fz1": one, "Fy1": one / 10, "Fz2": other, "Fy2": -other / 10})


def write_people(folder, **changed):
    people = {"subject": ["ann"], "mass_kg": [70.0], "label": ["healthy"]} | changed
    pd.DataFrame(people).to_csv(folder / "people.csv", index=False)


def read(folder, table=None, **options):
    """Write one recording of Ann (unless None) and read the folder."""
    if table is not None:
        table.to_csv(folder / "ann_1.csv", index=False)
    if not (folder / "people.csv").exists():
        write_people(folder)
    settings = {"channels": BOTH_FEET, "rate_hz": RATE, "folder": folder, "people": folder / "people.csv"} | options
    return raw_forces(checked(RawForcesSettings, settings, "study.yaml, data"))


def write_c3d(file, table, plates=()):
    content = ezc3d.c3d()
    content["parameters"]["POINT"]["RATE"]["value"] = [100]
    content["parameters"]["POINT"]["LABELS"]["value"] = ["HEEL"]
    content["data"]["points"] = np.zeros((4, 1, int(len(table) * 100 / RATE)))
    content["parameters"]["ANALOG"]["RATE"]["value"] = [RATE]
    content["parameters"]["ANALOG"]["LABELS"]["value"] = list(table.columns)
    content["data"]["analogs"] = table.to_numpy().T[None]
    platform = content["parameters"]["FORCE_PLATFORM"]
    platform["USED"]["value"] = [len(plates)]
    platform["TYPE"]["value"] = [2] * len(plates)
    platform["CHANNEL"]["value"] = np.array(plates).T
    platform["CORNERS"]["value"] = np.stack([CORNERS] * len(plates), axis=2) if plates else []
    platform["ORIGIN"]["value"] = np.zeros((3, len(plates)))
    content.write(str(file))


# The signal.


def test_low_pass_keeps_half_the_power_at_the_cutoff_and_has_no_delay():
    time = np.arange(4000) / RATE
    wave = np.sin(2 * np.pi * 20 * time)
    inner = slice(1000, 3000)
    kept = low_pass(wave[None], RATE, 20.0)[0]
    assert np.ptp(kept[inner]) / np.ptp(wave[inner]) == pytest.approx(1 / np.sqrt(2), abs=1e-3)
    assert kept[inner] == pytest.approx(wave[inner] / np.sqrt(2), abs=1e-3)


def test_low_pass_falls_as_a_fourth_order_filter_does():
    time = np.arange(8000) / RATE
    gains = [np.ptp(low_pass(np.sin(2 * np.pi * f * time)[None], RATE, 5.0)[0][3000:5000]) / 2 for f in (20, 40)]
    expected = [1 / np.sqrt(1 + ((2 ** (1 / 2) - 1) ** (1 / 4) * f / 5) ** 4) ** 2 for f in (20, 40)]
    assert gains == pytest.approx(expected, rel=0.05)


def test_low_pass_equals_scipy_in_second_order_sections_at_the_corrected_cutoff():
    noise = np.random.default_rng(0).normal(size=(2, 3000))
    single = np.arctan(np.tan(np.pi * 20 / RATE) / (np.sqrt(2) - 1) ** 0.25) * RATE / np.pi
    twin = sosfiltfilt(butter(2, single, fs=RATE, output="sos"), noise, axis=-1)
    assert low_pass(noise, RATE, 20.0)[:, 500:-500] == pytest.approx(twin[:, 500:-500], abs=1e-6)


def test_stances_are_found_where_they_were_put():
    found = stances(walk((0.5, 1.7, 2.9)), RATE, CONTACT)
    assert [first / RATE for first, _ in found.spans] == pytest.approx([0.5, 1.7, 2.9], abs=0.02)
    assert [last / RATE for _, last in found.spans] == pytest.approx([1.2, 2.4, 3.6], abs=0.02)


def test_stance_at_the_edge_of_a_recording_is_dropped():
    whole = walk((0.5, 1.7, 2.9))
    found = stances(whole[int(0.8 * RATE) : int(3.2 * RATE)], RATE, CONTACT)
    assert (len(found.spans), found.cut_off) == (1, 2)


def test_implausible_durations_are_dropped_and_counted():
    force = walk((0.2,), duration=0.1) + walk((0.5,), duration=0.7) + walk((2.0,), duration=2.5)
    found = stances(force, RATE, CONTACT)
    assert (len(found.spans), found.too_short, found.too_long) == (1, 1, 1)


def test_a_silent_plate_has_no_stance():
    assert stances(np.zeros(500), RATE, CONTACT).spans == ()


def test_resampling_recovers_a_half_sine_at_every_percent():
    signal = np.stack([np.sin(np.pi * np.arange(71) / 70), np.arange(71) / 70])
    x = at_101_points(signal, (0, 70))
    assert x[0] == pytest.approx(np.sin(np.pi * np.arange(101) / 100), abs=1e-5)
    assert x[1] == pytest.approx(np.arange(101) / 100, abs=1e-12)


def test_a_step_beside_the_plate_does_not_shift_the_pairs():
    left = stances(walk((0.2, 1.4, 2.6, 3.8)), RATE, CONTACT)
    right = stances(walk((0.8, 3.2)), RATE, CONTACT)
    assert [(round(a[0] / RATE, 1), round(b[0] / RATE, 1)) for a, b in pairs(left, right)] == [(0.2, 0.8), (2.6, 3.2)]


# The reader.


def test_steps_of_both_feet_come_out_in_body_weight(tmp_path):
    cohort = read(tmp_path, recording())
    assert cohort.x.shape == (3, 4, 101)
    assert cohort.x[:, 0, 50] == pytest.approx(1.0, abs=0.02)
    assert cohort.x[:, 2, 50] == pytest.approx(1.1, abs=0.02)
    assert cohort.x[:, 3, 50] == pytest.approx(-0.11, abs=0.005)
    assert list(cohort.samples["start_s"]) == pytest.approx([0.5, 1.7, 2.9], abs=0.02)
    assert "low-pass 20 Hz" in cohort.notes[0]
    assert "contact above 25 N" in cohort.notes[0]


def test_c3d_equals_csv(tmp_path):
    write_c3d(tmp_path / "ann_2.c3d", recording())
    from_c3d = read(tmp_path, rate_hz=None)
    (tmp_path / "ann_2.c3d").unlink()
    from_csv = read(tmp_path, recording())
    assert from_c3d.x == pytest.approx(from_csv.x, abs=1e-5)
    assert list(from_c3d.samples["start_s"]) == list(from_csv.samples["start_s"])


def test_calibrated_plate_of_a_c3d_gives_its_force(tmp_path):
    """A plate of type 2: six analog channels, turned into the laboratory's axes by the plate's corners."""
    zeros = dict.fromkeys(("Fx", "Fy", "Mx", "My", "Mz"), np.zeros(6000))
    table = pd.DataFrame(zeros | {"Fz": walk((0.5, 1.7, 2.9))})[["Fx", "Fy", "Fz", "Mx", "My", "Mz"]]
    write_c3d(tmp_path / "ann_2.c3d", table, plates=([1, 2, 3, 4, 5, 6],))
    plate = signals(tmp_path / "ann_2.c3d", ["plate1 Fz"], (None, None), 0)[0][0]
    assert plate == pytest.approx(table["Fz"].to_numpy(), abs=1e-3)
    cohort = read(tmp_path, channels={"V": "plate1 Fz"}, rate_hz=None)
    assert cohort.x[:, 0, 50] == pytest.approx(1.0, abs=0.02)


def test_a_minus_turns_the_sign_of_a_plate_that_measures_downward(tmp_path):
    table = recording()
    upward = read(tmp_path, table)
    turned = {name: f"-{column}" for name, column in BOTH_FEET.items()}
    assert np.array_equal(read(tmp_path, -table, channels=turned).x, upward.x)
    with pytest.raises(
        InputError, match=r"ann_1.csv: 'left V' \(column 'Fz1'\) goes down to .* upward must be positive"
    ):
        read(tmp_path, -table)


def test_affected_side_reorders_left_and_right(tmp_path):
    write_people(tmp_path, affected_side=["right"])
    cohort = read(tmp_path, recording())
    assert cohort.axes[0].labels == ("affected V", "affected AP", "unaffected V", "unaffected AP")
    assert cohort.x[:, 0, 50] == pytest.approx(1.1, abs=0.02)
    assert cohort.x[:, 2, 50] == pytest.approx(1.0, abs=0.02)


def test_side_of_people_without_an_affected_one_is_seeded_and_noted(tmp_path):
    write_people(tmp_path, affected_side=["none"])
    first = [read(tmp_path, recording(), seed=seed) for seed in range(8)]
    assert {cohort.samples["first_side"].iloc[0] for cohort in first} == {"left", "right"}
    assert np.array_equal(first[3].x, read(tmp_path, recording(), seed=3).x)
    assert "for 1 people who have none or both" in first[0].notes[-1]


def test_weight_in_newton_equals_mass_in_kilogram(tmp_path):
    by_mass = read(tmp_path, recording())
    pd.DataFrame({"subject": ["ann"], "weight_n": [WEIGHT_N]}).to_csv(tmp_path / "people.csv", index=False)
    assert read(tmp_path, recording()).x == pytest.approx(by_mass.x)


def test_one_plate_alone_gives_one_channel_a_step(tmp_path):
    cohort = read(tmp_path, recording(), channels={"V": "Fz1"})
    assert cohort.x.shape == (3, 1, 101)
    assert cohort.axes[0].labels == ("V",)


def test_file_without_header_is_read_by_column_number(tmp_path):
    with gzip.open(tmp_path / "ann_1.txt.gz", "wt") as stream:
        table = recording().assign(time=np.arange(6000) / RATE)
        table.to_csv(stream, sep="\t", header=False, index=False)
    channels = {"left V": "1", "left AP": "2", "right V": "3", "right AP": "4"}
    cohort = read(tmp_path, channels=channels, time="5", rate_hz=None)
    (tmp_path / "ann_1.txt.gz").unlink()
    assert cohort.x == pytest.approx(read(tmp_path, recording()).x, abs=1e-6)


def test_condition_in_the_file_name_becomes_the_label(tmp_path):
    recording().to_csv(tmp_path / "ann_slow_1.csv", index=False)
    pattern = r"(?P<subject>[a-z]+)_(?P<label>[a-z]+)_\d+\.csv"
    assert read(tmp_path, pattern=pattern).classes == ("slow",)


def test_table_without_labels_is_read_for_prediction(tmp_path):
    pd.DataFrame({"subject": ["ann"], "mass_kg": [70]}).to_csv(tmp_path / "people.csv", index=False)
    assert read(tmp_path, recording()).classes == ("unlabelled",)


def test_higher_threshold_shortens_the_stance(tmp_path):
    low, high = read(tmp_path, recording()), read(tmp_path, recording(), contact_n=200)
    assert (high.x[:, 0, 0] > low.x[:, 0, 0] + 0.15).all()


# What cannot be used.


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mass_kg": [686.7]}, r"people.csv, row 2: column 'mass_kg' holds 686.7; expected 10 to 260; is it in newton"),
        ({"mass_kg": [np.nan]}, r"people.csv, row 2: column 'mass_kg' is empty"),
        ({"mass_kg": ["heavy"]}, r"people.csv, row 2: column 'mass_kg' holds 'heavy'; expected a number"),
        ({"subject": ["bob"]}, r"people.csv has no row for 'ann'"),
        ({"weight_n": [900.0]}, r"row 2: column 'weight_n' holds 900.0; expected newton, 9.81 times mass_kg"),
        ({"affected_side": ["links"]}, r"row 2: column 'affected_side' holds 'links'; expected 'left', 'right'"),
    ],
)
def test_people_table_is_checked_by_row(tmp_path, changed, message):
    write_people(tmp_path, **changed)
    with pytest.raises(InputError, match=message):
        read(tmp_path, recording())


def test_people_in_kilogram_and_in_newton_are_not_mixed(tmp_path):
    pd.DataFrame({"subject": ["ann", "bob"], "mass_kg": [70, 690]}).to_csv(tmp_path / "people.csv", index=False)
    recording().to_csv(tmp_path / "bob_1.csv", index=False)
    with pytest.raises(
        InputError, match=r"row 3: column 'mass_kg' holds 690; .*newton\? Then some people do fit: units are"
    ):
        read(tmp_path, recording())


def test_person_who_stands_twice_is_named(tmp_path):
    write_people(tmp_path, subject=["ann", "ann"], mass_kg=[70, 71], label=["healthy"] * 2)
    with pytest.raises(
        InputError, match=r"row 3: column 'subject' holds 'ann'; this subject stands there a second time"
    ):
        read(tmp_path, recording())


def test_people_table_without_weight_lists_its_columns(tmp_path):
    pd.DataFrame({"subject": ["ann"], "age": [3]}).to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(InputError, match=r"missing column 'mass_kg' .* it has 'subject', 'age'"):
        read(tmp_path, recording())


def test_missing_channel_lists_the_columns(tmp_path):
    with pytest.raises(InputError, match=r"ann_1.csv: missing column 'Fz2'; it has 'Fz1', 'Fy1', 'Fy2'"):
        read(tmp_path, recording().drop(columns="Fz2"))


def test_gap_is_named_by_row_and_column(tmp_path):
    table = recording()
    table.loc[100, "Fy1"] = np.nan
    with pytest.raises(InputError, match=r"ann_1.csv, row 102: column 'Fy1' is empty"):
        read(tmp_path, table)


def test_row_of_a_gap_counts_skipped_lines(tmp_path):
    table = recording()
    table.loc[100, "Fy1"] = np.nan
    (tmp_path / "ann_1.csv").write_text("plate 7\n2020\n" + table.to_csv(index=False))
    with pytest.raises(InputError, match=r"ann_1.csv, row 104: column 'Fy1' is empty"):
        read(tmp_path, skip_rows=2)


def test_forces_in_body_weight_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"'left V' \(column 'Fz1'\) peaks at 1, which looks like body weight"):
        read(tmp_path, recording() / WEIGHT_N)


def test_clock_that_jumps_is_named_by_row(tmp_path):
    table = recording().assign(time=np.arange(6000) / RATE)
    table.loc[3000:, "time"] += 0.5
    with pytest.raises(InputError, match=r"ann_1.csv, row 3002: the time moves by 0.501 s, but by 0.001 s elsewhere"):
        read(tmp_path, table, time="time", rate_hz=None)


def test_missing_clock_says_what_to_set(tmp_path):
    with pytest.raises(InputError, match=r"does not state its sampling rate; set `data.rate_hz`"):
        read(tmp_path, recording(), rate_hz=None)


def test_cutoff_above_half_the_rate_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cutoff_hz 20 must lie below half the rate of 30 Hz"):
        read(tmp_path, recording(), rate_hz=30)


def test_recording_without_a_step_says_why(tmp_path):
    with pytest.raises(InputError, match=r"no complete stance in 1 recordings \(6 too short\)"):
        read(tmp_path, recording(), min_stance_s=1.0)


def test_short_recording_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"ann_1.csv lasts 0.20 s, shorter than one stance"):
        read(tmp_path, recording().head(200))


def test_folder_without_recordings_lists_its_files(tmp_path):
    (tmp_path / "notes.doc").write_text("x")
    with pytest.raises(InputError, match=r"no file fits data.pattern .*'notes.doc'"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": {"left AP": "Fy1"}}, "it needs 'V' for one foot"),
        ({"channels": {"left V": "a", "right V": "b", "right AP": "c"}}, "equal components of both feet"),
        ({"pattern": r"(\w+)\.csv"}, "it needs a group"),
        ({"pattern": r"(?P<subject>"}, "not a regular expression"),
        ({"cutoff": 3}, "unknown key 'cutoff'; known here are .*'cutoff_hz'"),
    ],
)
def test_settings_are_checked_before_any_file_is_read(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, **options)


@pytest.mark.parametrize("name", ["ann_1.csv", "ann_1.c3d", "ann_1.txt.gz"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe\x17rubbish\n" * 40, b"\x02P" + b"\xff" * 3000, b"Fz1,Fy1\n"])
def test_broken_file_is_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read(tmp_path)


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.9])
def test_truncated_c3d_is_a_sentence(tmp_path, keep):
    write_c3d(tmp_path / "ann_1.c3d", recording())
    whole = (tmp_path / "ann_1.c3d").read_bytes()
    (tmp_path / "ann_1.c3d").write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(InputError, match=r"ann_1.c3d"):
        read(tmp_path)


def test_c3d_that_crashes_its_reader_is_a_sentence(tmp_path):
    """Bytes of the parameter block that make ezc3d 1.7.2 end the whole process with a segmentation fault."""
    write_c3d(tmp_path / "ann_1.c3d", recording())
    damaged = bytearray((tmp_path / "ann_1.c3d").read_bytes())
    for place, byte in DAMAGE:
        damaged[place] = byte
    (tmp_path / "ann_1.c3d").write_bytes(damaged)
    with pytest.raises(InputError, match=r"ann_1.c3d"):
        read(tmp_path)


def test_real_walk_has_a_plausible_number_of_plausible_steps(shared_data):
    """Two minutes of walking at about 1.1 m/s: 1.1 to 1.4 s a stride, two thirds of it on the ground."""
    folder = shared_data / "raw-forces"
    settings = RawForcesSettings(
        folder=folder,
        people=folder / "demographics.csv",
        people_columns={"subject": "ID", "mass_kg": "Weight (kg)", "label": "Group"},
        pattern=r"(?P<subject>\w+)_(?P<trial>\d+)\.txt\.gz",
        channels={"left V": "18", "right V": "19"},
        time="1",
    )
    cohort = raw_forces(settings)
    stride_s = np.diff(cohort.samples["start_s"])
    assert 80 <= len(cohort.samples) <= 110
    assert 1.1 < np.median(stride_s) < 1.4
    assert cohort.samples["subject"].unique().tolist() == ["GaCo01"]
    assert cohort.samples["mass_kg"].iloc[0] == 83
    assert (cohort.x.max((1, 2)) < 2).all()
    assert 0.9 < cohort.x[:, :, 20:80].mean() < 1.4
