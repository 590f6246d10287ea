"""A result that was damaged, cut off or partly lost is refused; one of an older version, without a seal, is read."""

import json

import numpy as np
import pandas as pd
import pytest

from biox.core import arrays, provenance, sealed, store
from biox.core.errors import InputError
from biox.core.types import Axis, Cohort


@pytest.fixture
def folder(tmp_path):
    samples = pd.DataFrame({"sample": list("abc"), "subject": list("abc"), "label": ["ill", "ill", "well"]})
    x = np.random.default_rng(0).normal(size=(3, 2, 4))
    axes = (Axis("channel", ("V", "AP")), Axis("stance", tuple("0123")))
    store.save_cohort(Cohort(x, samples, axes, "N", ("ill", "well"), "subject"), tmp_path / "cohort")
    return tmp_path / "cohort"


def flip(file, place=-20):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["samples.parquet", "axes.json", "x.zarr/zarr.json", "x.zarr/c/0/0/0"])
def test_one_bit_in_any_file_is_refused_by_its_name(folder, name):
    flip(folder / name)
    with pytest.raises(InputError, match=f"{folder}.*Delete .* and run the step"):
        store.load_cohort(folder)


def test_a_lost_chunk_is_no_zero(folder):
    """zarr gives zeros for chunks that are not there."""
    (folder / "x.zarr/c/0/0/0").unlink()
    with pytest.raises(InputError, match="is missing"):
        store.load_cohort(folder)


def test_a_file_cut_off_is_refused(folder):
    file = folder / "samples.parquet"
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"samples\.parquet has \d+ bytes and was written with"):
        store.load_cohort(folder)


def test_what_is_read_later_is_refused_then(folder, monkeypatch):
    monkeypatch.setattr(arrays, "IN_MEMORY_BYTES", 0)
    cohort = store.load_cohort(folder)
    flip(folder / "x.zarr/c/0/0/0")
    with pytest.raises(InputError, match="cannot be read"):
        cohort.x[[0, 2]]


def test_files_beside_the_result_and_a_missing_seal_do_no_harm(folder):
    (folder / "notes.txt").write_text("mine")
    read = store.load_cohort(folder)
    (folder / sealed.SEAL).unlink()
    assert store.load_cohort(folder).samples.equals(read.samples)


def test_a_broken_seal_is_refused(folder):
    (folder / sealed.SEAL).write_text(json.dumps({"files": {"axes.json": 3}}))
    with pytest.raises(InputError, match=r"seal\.json"):
        store.load_cohort(folder)


def test_large_files_are_held_against_their_size_only(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "LARGE", 10)
    with sealed.sealed(tmp_path / "result") as fresh:
        (fresh / "large.bin").write_bytes(bytes(20))
    flip(tmp_path / "result" / "large.bin")
    with sealed.intact(tmp_path / "result"):
        pass
    (tmp_path / "result" / "large.bin").write_bytes(bytes(19))
    with pytest.raises(InputError, match=r"large\.bin has 19 bytes"), sealed.intact(tmp_path / "result"):
        pass


def test_a_provenance_record_that_was_changed_is_refused(tmp_path):
    provenance.write(tmp_path, {"step": "ingest", "settings": {"seed": 1}})
    assert provenance.read(tmp_path) == {"step": "ingest", "settings": {"seed": 1}}
    file = tmp_path / "provenance.json"
    file.write_text(file.read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(InputError, match="no longer what was written"):
        provenance.read(tmp_path)
