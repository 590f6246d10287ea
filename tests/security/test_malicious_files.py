"""Files that run code when a careless program opens them: here nothing runs, and the user reads a sentence."""

import json
import os
import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from scipy.io import savemat

from biox.core.arrays import stored
from biox.core.errors import InputError
from biox.core.find import find, opener_of
from biox.core.studies import load_yaml
from biox.domains.gait.acm2021 import Acm2021Settings, acm2021
from biox.domains.gait.files import read_table
from biox.domains.histology.annotations import read_annotations
from biox.domains.histology.image_masks import ImageMasks, image_masks
from biox.domains.histology.tile_files import read_picture
from biox.domains.proteomics.h5ad import H5adSettings, h5ad
from biox.domains.proteomics.opening import read_columns
from biox.models._weights import load_weights
from biox.steps.checkpoints import loaded


class Trap:
    """Pickled, it makes a file when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.fixture
def mark(tmp_path):
    """The file that stands there if code ran; at the end it must not."""
    file = tmp_path / "it-ran"
    pickle.loads(pickle.dumps(Trap(file)))
    assert file.exists()  # the trap works where somebody walks into it
    file.unlink()
    yield file
    assert not file.exists()


@pytest.mark.parametrize("kind", ["pickle", "torch"])
def test_a_checkpoint_is_no_pickle(tmp_path, mark, kind):
    file = tmp_path / "main.safetensors"
    file.write_bytes(pickle.dumps(Trap(mark))) if kind == "pickle" else torch.save({"run": Trap(mark)}, file)
    assert loaded(file) is None


@pytest.mark.parametrize(
    "frame", ["{", "[]", '{"dict": [[1]]}', '{"tensor": "9"}', '{"dict": [[[], 1]]}', "[" * 100_000]
)
def test_a_checkpoint_with_another_frame_is_taken_for_damaged(tmp_path, frame):
    from safetensors.torch import save_file

    save_file({"0": torch.zeros(1)}, tmp_path / "a.safetensors", {"state": frame})
    assert loaded(tmp_path / "a.safetensors") is None


def test_weights_of_torch_are_refused(tmp_path, mark):
    torch.save({"weight": Trap(mark)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="no safetensors file"):
        load_weights(torch.nn.Linear(1, 1), tmp_path / "w.safetensors", "a line", None)


@pytest.mark.parametrize("member", ["images", "image_ids"])
def test_objects_in_npz_are_refused(tmp_path, mark, member):
    arrays = {"images": np.zeros((1, 16, 16, 3), np.uint8), "instance_masks": np.zeros((1, 16, 16), int)}
    arrays |= {"image_ids": np.array(["a"]), member: np.array([Trap(mark)], dtype=object)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match="Python objects"):
        image_masks(ImageMasks(file=tmp_path / "a.npz", tile=16))


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_a_bare_pickle_called_npz_is_refused_without_the_advice_to_run_it(tmp_path, mark, suffix):
    (tmp_path / f"a{suffix}").write_bytes(pickle.dumps(Trap(mark)))
    with pytest.raises(InputError, match="does not begin like arrays of numpy") as error:
        image_masks(ImageMasks(file=tmp_path / f"a{suffix}", tile=16))
    assert "allow_pickle" not in str(error.value)


def test_structures_of_matlab_are_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"Feature": {"a": 1}, "Target_Injury": np.eye(4), "Target_Subject": np.eye(4)})
    with pytest.raises(InputError, match="MATLAB's class 'struct'"):
        acm2021(Acm2021Settings(file=tmp_path / "a.mat"))


def test_a_parquet_extension_type_is_not_unpickled(tmp_path, mark):
    about = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    about[b"ARROW:extension:metadata"] = pickle.dumps(Trap(mark))
    schema = pa.schema([pa.field("x", pa.int64(), metadata=about), pa.field("y", pa.int64())])
    parquet.write_table(pa.table([pa.array([1]), pa.array([2])], schema=schema), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet")["x"].tolist() == [1]
    assert read_columns(tmp_path / "a.parquet", ["x"], [])["x"].tolist() == [1]


@pytest.mark.parametrize("where", ["filters", "compressor", "dtype"])
def test_stored_arrays_of_the_old_form_may_not_name_filters(tmp_path, mark, where):
    about = {"zarr_format": 2, "shape": [1], "chunks": [1], "fill_value": 0, "order": "C"}
    about |= {"dtype": "|O" if where == "dtype" else "<i8", "compressor": None, "filters": None}
    name = "filters" if where == "dtype" else where
    about[name] = [{"id": "pickle"}] if name == "filters" else {"id": "pickle"}
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr/.zarray").write_text(json.dumps(about))
    (tmp_path / "a.zarr/0").write_bytes(pickle.dumps(Trap(mark)))
    with pytest.raises(ValueError, match=r"\w"):  # InputError is one of them
        stored(tmp_path / "a.zarr")[:]


def test_stored_arrays_of_the_old_form_are_refused_even_if_they_are_plain(tmp_path):
    import zarr

    zarr.create_array(tmp_path / "a.zarr", shape=(2,), dtype="f4", zarr_format=2)
    with pytest.raises(InputError, match="no plain numbers"):
        stored(tmp_path / "a.zarr")


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['x']", "!!python/name:os.system ''", "!x 1"])
def test_yaml_makes_plain_data_only(tmp_path, text):
    (tmp_path / "a.yaml").write_text(f"name: {text}\n")
    with pytest.raises(InputError, match="not valid YAML"):
        load_yaml(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    "name", ["os:system", "shutil:rmtree", "biox.cli:main", "biox.core.files:whole", "builtins:exec"]
)
def test_a_result_may_not_name_what_opens_it(name):
    with pytest.raises(InputError, match="only functions of biox"):
        opener_of(name)


@pytest.mark.parametrize("name", ["a b:c", "os:system('x')", "../x", "x;y", "a\0b", "", "a:b:c", "é:x", "a/b", "-c:x"])
def test_what_is_no_name_of_a_function_is_refused_before_anything_is_imported(name):
    with pytest.raises(InputError, match="no name of a function"):
        find("biox.models", name)


def made_h5ad(file: Path) -> None:
    import anndata

    names = pd.Index(["a", "b"])
    anndata.AnnData(np.ones((2, 2)), obs=pd.DataFrame(index=names), var=pd.DataFrame(index=names)).write_h5ad(file)


def test_an_hdf5_file_that_begins_with_other_bytes_may_not_reach_for_files_either(tmp_path):
    with h5py.File(tmp_path / "a.h5ad", "w", userblock_size=512) as file:
        file["X"] = h5py.ExternalLink("other.h5", "/X")
    with (tmp_path / "a.h5ad").open("r+b") as stream:
        stream.write(b"anything")
    with pytest.raises(InputError, match="a link into another file"):
        h5ad(H5adSettings(file=tmp_path / "a.h5ad"))


@pytest.mark.parametrize("way", ["link", "external", "virtual"])
def test_an_hdf5_file_may_not_hold_what_lies_in_other_files(tmp_path, way):
    secret = tmp_path / "secret"
    secret.write_bytes(b"password" * 4)
    made_h5ad(tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "a") as file:
        del file["X"]
        if way == "link":
            file["X"] = h5py.ExternalLink("other.h5", "/X")
        elif way == "external":
            file.create_dataset("X", (2, 2), "f8", external=[(str(secret), 0, 32)])
        else:
            view = h5py.VirtualLayout((2, 2), "f8")
            view[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "X", (2, 2))
            file.create_virtual_dataset("X", view)
    with pytest.raises(InputError, match=r"other file|another file"):
        h5ad(H5adSettings(file=tmp_path / "a.h5ad"))


def test_xml_may_name_no_files_and_no_entities(tmp_path):
    (tmp_path / "secret").write_text("password")
    for text in (
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]><ASAP_Annotations>&x;</ASAP_Annotations>',
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><ASAP_Annotations>&y;</ASAP_Annotations>',
        '<!DOCTYPE a SYSTEM "http://localhost/x.dtd"><ASAP_Annotations/>',
    ):
        (tmp_path / "a.xml").write_text(text)
        with pytest.raises(InputError, match="document type"):
            read_annotations(tmp_path / "a.xml")


def test_a_picture_may_not_start_another_program(tmp_path, mark, monkeypatch):
    """PostScript called .png: Pillow would hand it to Ghostscript."""
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n")
    with pytest.raises(InputError, match="no picture"):
        read_picture(tmp_path / "a.png")
