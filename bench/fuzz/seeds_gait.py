"""Small valid files of a laboratory's own gait data."""

from pathlib import Path

import numpy as np
import pandas as pd

from bench.fuzz.targets import Case, Target

POINTS = 101
RATE_HZ = 100.0


def _tidy() -> pd.DataFrame:
    rows = [
        (subject, trial, "healthy" if subject == "S1" else "knee", 40.5, channel, percent, round(0.01 * percent, 3))
        for subject, trial in (("S1", 1), ("S2", 1))
        for channel in ("ML", "V")
        for percent in range(POINTS)
    ]
    return pd.DataFrame(rows, columns=["subject", "trial", "label", "age_years", "channel", "percent", "value"])


def _write_tidy(folder: Path) -> None:
    _tidy().to_csv(folder / "forces.csv", index=False)
    about = (
        "unit: body weight\nchannels: {ML: ML, V: V}\nlabels: {healthy: healthy, knee: knee}\ncolumns: {value: value}\n"
    )
    (folder / "forces.yaml").write_text(about)


def _write_parquet(folder: Path) -> None:
    _tidy().to_parquet(folder / "forces.parquet")


def _read_tidy(name: str, resample: bool) -> object:
    from biox.domains.gait.table import TableSettings, table

    return lambda folder: table(TableSettings(file=folder / name, resample=resample))


def _recording() -> pd.DataFrame:
    time = np.arange(400) / RATE_HZ
    one, other = (np.sum([_stance(time, start) for start in starts], axis=0) for starts in ((0.5, 1.7), (1.1, 2.3)))
    return pd.DataFrame({"time": time, "Fz1": one, "Fy1": one / 10, "Fz2": other, "Fy2": -other / 10}).round(3)


def _stance(time: np.ndarray, start: float) -> np.ndarray:
    return 700 * np.sin(np.pi * (time - start) / 0.7) * ((time >= start) & (time <= start + 0.7))


def _write_people(folder: Path) -> None:
    (folder / "people.csv").write_text(
        "subject,mass_kg,weight_n,label,affected_side,age\nann,70.0,686.7,healthy,left,40\n"
    )


def _write_recording(folder: Path) -> None:
    _recording().to_csv(folder / "ann_1.csv", index=False)
    _write_people(folder)


def _write_c3d(folder: Path) -> None:
    import ezc3d

    table = _recording().drop(columns="time")
    content = ezc3d.c3d()
    content["parameters"]["POINT"]["RATE"]["value"] = [RATE_HZ]
    content["parameters"]["POINT"]["LABELS"]["value"] = ["HEEL"]
    content["data"]["points"] = np.zeros((4, 1, len(table)))
    content["parameters"]["ANALOG"]["RATE"]["value"] = [RATE_HZ]
    content["parameters"]["ANALOG"]["LABELS"]["value"] = list(table.columns)
    content["data"]["analogs"] = table.to_numpy().T[None]
    content.write(str(folder / "ann_1.c3d"))
    _write_people(folder)


def _read_raw(rate_hz: float | None, time: str | None) -> object:
    from biox.domains.gait.raw_forces import RawForcesSettings, raw_forces

    channels = {"left V": "Fz1", "left AP": "Fy1", "right V": "Fz2", "right AP": "-Fy2"}

    def read(folder: Path) -> object:
        given = {"folder": folder, "people": folder / "people.csv", "channels": channels}
        return raw_forces(RawForcesSettings(**given, rate_hz=rate_hz, time=time))

    return read


TARGETS = (
    Target(
        "gait_table",
        (
            Case(_write_tidy, _read_tidy("forces.csv", False)),
            Case(_write_tidy, _read_tidy("forces.csv", True)),
            Case(_write_parquet, _read_tidy("forces.parquet", False)),
        ),
    ),
    Target(
        "raw_forces",
        (
            Case(_write_recording, _read_raw(RATE_HZ, None), ("*.csv",)),
            Case(_write_recording, _read_raw(None, "time"), ("*.csv",)),
            Case(_write_recording, _read_raw(RATE_HZ, None), ("people.csv",)),
        ),
    ),
    Target("c3d", (Case(_write_c3d, _read_raw(None, None), ("*.c3d",)),)),
)
