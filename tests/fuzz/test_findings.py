"""The smallest inputs by which fuzzing got anything but a sentence out of a reader, or a wrong result in silence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.io import savemat

from bench.fuzz.targets import targets
from biox.core.errors import InputError


def refused(target: str, case: int, change, folder: Path, match: str) -> None:
    """Write the valid files of a case, change them, and expect a sentence."""
    one = targets()[target].cases[case]
    one.write(folder)
    change(folder)
    with pytest.raises(InputError, match=match):
        one.read(folder)


def text(name: str, old: str, new: str):
    def change(folder: Path) -> None:
        content = (folder / name).read_text(encoding="utf-8")
        assert old in content
        (folder / name).write_text(content.replace(old, new), encoding="utf-8")

    return change


def whole(name: str, content: str | bytes):
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def arrays(name: str, **changed: np.ndarray):
    def change(folder: Path) -> None:
        with np.load(folder / name) as found:
            kept = {key: found[key] for key in found.files}
        np.savez(folder / name, **(kept | changed))

    return change


def columns(name: str, **changed: pa.Array):
    def change(folder: Path) -> None:
        table = pq.read_table(folder / name)
        for key, values in changed.items():
            table = table.set_column(table.schema.get_field_index(key), key, values)
        pq.write_table(table, folder / name)

    return change


def cells(name: str):
    """Every row but the header has a cell more than the header: pandas would shift all columns by one in silence."""
    more = "x\t" if name.endswith(".tsv") else "x,"
    return lambda folder: (folder / name).write_text(
        "\n".join(
            line if not number or not line else f"{more}{line}"
            for number, line in enumerate((folder / name).read_text().split("\n"))
        )
    )


STRUCTURED = np.zeros(4, [("a", "f8"), ("b", "i4")])
NO_CELL = np.zeros((10, 97))
FINDINGS = [
    ("gait_table", 0, cells("forces.csv"), "more cells than its header"),
    (
        "gait_table",
        0,
        text("forces.yaml", "columns: {value: value}", "columns: {valbe: value}"),
        "missing column 'value'",
    ),
    ("gait_table", 0, text("forces.yaml", "columns: {value: value}", "columns: {label: age_years}"), "more than once"),
    ("gait_table", 2, columns("forces.parquet", age_years=pa.array([[1, 2]] * 404)), "'age_years' holds list"),
    ("gait_table", 2, columns("forces.parquet", label=pa.array([b"\xff"] * 404)), "'label' holds binary"),
    ("gait_table", 0, text("forces.csv", "S1,1,", "S1,1e300,"), "'trial' holds 1e\\+300, expected a whole number"),
    ("gaitrec", 0, text("GRF_F_V_PRO_left.csv", "1,11,1,", "1,11,1.5,"), "'TRIAL_ID' holds 1.5, expected a whole"),
    ("raw_forces", 0, cells("people.csv"), "more cells than its header"),
    ("raw_forces", 0, cells("ann_1.csv"), "more cells than its header"),
    ("gaitrec", 0, cells("GRF_F_V_PRO_left.csv"), "more cells than its header"),
    ("known", 0, cells("edges.tsv"), "more cells than its header"),
    ("ratings", 0, cells("anna.csv"), "more cells than its header"),
    ("acm2021", 0, arrays("forces.npz", subject=np.zeros(())), "one list of whole numbers"),
    ("acm2021", 0, arrays("forces.npz", subject=np.zeros((4, 2), int)), "one list of whole numbers"),
    ("acm2021", 0, arrays("forces.npz", class_index=np.array([0, np.nan, 2, 2])), "one list of whole numbers"),
    ("acm2021", 0, arrays("forces.npz", fold=np.array([0, 2**40, 1, 1])), "one list of whole numbers"),
    ("acm2021", 2, lambda folder: savemat(folder / "splits.mat", {"S": NO_CELL}), "every number from 0 to 969 once"),
    (
        "acm2021",
        2,
        lambda folder: savemat(folder / "splits.mat", {"S": np.empty((0, 0), object)}),
        "every number from 0",
    ),
    ("annotations", 0, text("a.geojson", "[64, 0]", "[1e999, 0]"), "lies nowhere"),
    ("annotations", 0, text("a.geojson", "[3, 4]", f"[{'3' * 5000}, 4]"), "is no GeoJSON"),
    ("annotations", 1, text("a.xml", 'Order="2"', 'Order="0x10"'), "Order='0x10'"),
    ("annotations", 0, text("a.geojson", "[64, 0]", "[NaN, 0]"), "annotation [12]"),
    ("annotations", 1, text("a.xml", 'X="64"', 'X="nan"'), "lies nowhere"),
    ("slide_list", 0, cells("sheet.csv"), "more cells than its header"),
    ("slide_list", 2, cells("sheet.csv"), "more cells than its header"),
    ("tile_folder", 2, cells("manifest.csv"), "more cells than its header"),
    ("image_masks", 0, arrays("nuclei.npz", image_ids=np.array("i0")), "0 different|1 different of 1"),
    ("image_masks", 0, arrays("nuclei.npz", image_ids=STRUCTURED), "expected text or whole numbers"),
    ("image_masks", 0, arrays("nuclei.npz", instance_masks=np.full((4, 16, 16), b"1")), "expected numbers"),
    ("image_masks", 0, arrays("nuclei.npz", organ=np.zeros(4, complex)), "organ is complex128; expected numbers"),
    ("image_masks", 2, arrays("nuclei.npz", image_ids=np.array(["a", "b"])), "2 different of 2"),
    ("image_masks", 2, arrays("nuclei.npz", image_ids=STRUCTURED), "expected text or whole numbers"),
    ("study", 0, whole("gait_demo.yaml", b"name: \xff\xfe"), "no text in UTF-8"),
    ("study", 0, whole("gait_demo.yaml", b"name: a\x00"), "is not valid YAML"),
]


@pytest.mark.parametrize(("target", "case", "change", "match"), FINDINGS)
def test_what_fuzzing_found_is_a_sentence(target, case, change, match, tmp_path):
    refused(target, case, change, tmp_path, match)


def test_a_class_that_is_no_record_counts_as_none(tmp_path):
    one = targets()["annotations"].cases[0]
    one.write(tmp_path)
    drawn = json.loads((tmp_path / "a.geojson").read_text())
    drawn["features"][0]["properties"] = "text"
    drawn["features"][1]["properties"] = {"classification": {"names": 3}}
    (tmp_path / "a.geojson").write_text(json.dumps(drawn))
    assert [region.name for region in one.read(tmp_path).regions] == ["unclassified", "unclassified"]


def test_categories_in_parquet_are_what_they_stand_for(tmp_path):
    one = targets()["olink"].cases[1]
    one.write(tmp_path)
    expected = one.read(tmp_path)
    table = pd.read_parquet(tmp_path / "npx.parquet")
    table.astype(dict.fromkeys(("SampleID", "QC_Warning", "OlinkID"), "category")).to_parquet(tmp_path / "npx.parquet")
    found = one.read(tmp_path)
    np.testing.assert_array_equal(found.x, expected.x)
    assert list(found.samples["sample"]) == list(expected.samples["sample"])


def test_a_property_of_a_slide_that_is_no_text_does_not_hide_the_others(tmp_path):
    one = targets()["slides"].cases[2]
    one.write(tmp_path)
    content = (tmp_path / "a.svs").read_bytes()
    (tmp_path / "a.svs").write_bytes(content.replace(b"AppMag ", b"App\xff\xff\xff\x7f"))
    assert len(one.read(tmp_path).samples)


def test_a_recording_is_read_where_the_cluster_allows_little_memory(tmp_path):
    """The child process that reads C3D may not raise a limit (``ulimit -v``) that somebody else has set."""
    import resource
    import subprocess
    import sys

    from biox.domains.gait import c3d

    targets()["c3d"].cases[0].write(tmp_path)
    file, limit = str(tmp_path / "ann_1.c3d"), 3 * 2**30
    found = subprocess.run(
        [sys.executable, "-I", c3d.__file__, file],
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert found.returncode == 0, found.stderr
