"""Small files that would fill the memory are refused by what they announce, with little memory of our own."""

import gzip
import io
import json
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from scipy.io import savemat

from biox.core.bombs import VARIABLE, most_bytes, refuse_bomb
from biox.core.errors import InputError
from biox.core.reading import reading
from biox.core.studies import load_yaml
from biox.domains.gait.files import read_table
from biox.domains.histology.absurd_slides import refuse_absurd
from biox.domains.histology.annotations import read_annotations
from biox.domains.histology.image_masks import ImageMasks, image_masks
from biox.domains.histology.tile_files import read_picture
from biox.domains.histology.whole_slide import open_slide
from biox.domains.proteomics.h5ad import H5adSettings, h5ad
from biox.domains.proteomics.opening import header

HUGE = 10**12
LITTLE = 64 * 2**20
GAIT = Path(__file__).parents[2] / "biox/domains/gait"


@pytest.fixture(autouse=True)
def _little_memory():
    """No refusal takes more than 64 MiB of Python's and numpy's memory."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < LITTLE


def npy(shape: tuple[int, ...], kind: str = "<f8", body: bytes = b"") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})
    return stream.getvalue() + body


def test_an_array_that_announces_terabytes_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as packed:
        for name in ("images", "instance_masks", "image_ids"):
            packed.writestr(f"{name}.npy", npy((HUGE,)))
    with pytest.raises(InputError, match=f"announces {8 * HUGE} bytes, but holds"):
        image_masks(ImageMasks(file=tmp_path / "a.npz"))
    (tmp_path / "a.npy").write_bytes(npy((HUGE,)))
    with pytest.raises(InputError, match="cut off"):
        refuse_bomb(tmp_path / "a.npy")


def test_a_packed_archive_is_refused_by_what_it_unfolds_to(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "0.01")
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("images.npy", npy((2 * 10**6,), "<f8", bytes(16 * 10**6)))
    assert (tmp_path / "a.npz").stat().st_size < 50_000
    with pytest.raises(InputError, match=rf"at most 0\.01 GiB.*{VARIABLE}"):
        image_masks(ImageMasks(file=tmp_path / "a.npz"))
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(InputError, match="lacks the arrays"):  # now it is read
        image_masks(ImageMasks(file=tmp_path / "a.npz"))


@pytest.mark.parametrize("value", ["", "nan", "-1", "0", "much", "inf"])
def test_the_limit_is_a_number(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(InputError, match="expected a number above 0"):
        most_bytes()


def test_a_table_of_repeated_letters_is_refused_before_it_is_unfolded(tmp_path):
    with gzip.open(tmp_path / "a.csv.gz", "wb", compresslevel=9) as stream:
        stream.write(b"subject,value\n")
        for _ in range(100):
            stream.write(b"1,1\n" * 2**18)
    assert (tmp_path / "a.csv.gz").stat().st_size < 300_000
    for read in (read_table, header):
        with pytest.raises(InputError, match="unfolds to more than 200 times"):
            read(tmp_path / "a.csv.gz")


def test_an_ordinary_table_may_be_packed(tmp_path):
    pd.DataFrame({"a": range(1000), "b": 1}).to_csv(tmp_path / "a.csv.gz", index=False)
    assert len(read_table(tmp_path / "a.csv.gz")) == 1000


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_table_of_a_million_columns_is_refused_by_its_header(tmp_path, pack):
    file = tmp_path / ("a.csv.gz" if pack is gzip.compress else "a.csv")
    file.write_bytes(pack(b"a," * (10**6 - 1) + b"a\n1\n"))
    with pytest.raises(InputError, match="1000000 columns"):
        read_table(file)


@pytest.mark.parametrize("ending", [".zip", ".xz", ".bz2", ".zst", ".tar", ".tar.gz"])
def test_what_pandas_would_unpack_by_itself_is_refused(tmp_path, ending):
    (tmp_path / f"a.csv{ending}").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(InputError, match="unpack it first"):
        read_table(tmp_path / f"a.csv{ending}")


@pytest.mark.parametrize("start", [b"PAR1", b"XXXX"])  # pyarrow opens both
def test_a_parquet_table_of_one_repeated_value_is_refused_by_its_rows(tmp_path, monkeypatch, start):
    monkeypatch.setenv(VARIABLE, "0.01")
    parquet.write_table(pa.table({"a": np.zeros(3 * 10**6, np.int8)}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 20_000
    with (tmp_path / "a.parquet").open("r+b") as file:
        file.write(start)
    for read in (read_table, header):
        with pytest.raises(InputError, match="its table would take"):
            read(tmp_path / "a.parquet")


@pytest.mark.parametrize("way", ["shape", "sparse", "chunk"])
def test_an_hdf5_file_that_announces_too_much_is_refused(tmp_path, way, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        if way == "shape":
            file.create_dataset("X", (10**6, 10**6), "f8", chunks=(100, 100), compression="gzip")
        elif way == "chunk":
            file.create_dataset("X", (2, 2), "i2", maxshape=(None, None), chunks=(2**15, 2**15 - 1))
        else:
            group = file.create_group("X")
            group.attrs.update({"encoding-type": "csr_matrix", "shape": np.array([10**6, 10**6])})
    assert (tmp_path / "a.h5ad").stat().st_size < 20_000
    with pytest.raises(InputError, match="GiB of memory"):
        h5ad(H5adSettings(file=tmp_path / "a.h5ad"))


@pytest.mark.parametrize("said", [b"MATLAB 5.0", b"by hand"])  # scipy opens both
def test_a_mat_file_is_refused_by_what_it_unfolds_to(tmp_path, monkeypatch, said):
    monkeypatch.setenv(VARIABLE, "0.01")
    body = zlib.compress(bytes(32 * 10**6), 9)
    start = said.ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    (tmp_path / "a.mat").write_bytes(start + struct.pack("<II", 15, len(body)) + body)
    with pytest.raises(InputError, match="what is packed in it would take"), reading(tmp_path / "a.mat", "a .mat file"):
        pass


def test_a_mat_file_of_another_version_is_read_or_told_by_name(tmp_path):
    savemat(tmp_path / "a.mat", {"P": np.eye(2)}, format="4")
    refuse_bomb(tmp_path / "a.mat")
    (tmp_path / "b.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x0200) + b"IM" + bytes(384))
    with pytest.raises(InputError, match=r"of MATLAB 7\.3.*`-v7`"):
        refuse_bomb(tmp_path / "b.mat")


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(width: int, height: int, tile: int = 0) -> bytes:
    """The header of a TIFF, tiled where ``tile`` is a side, of which no pixel is there."""
    where = [(322, 4, 1, tile), (323, 4, 1, tile), (324, 4, 1, 8), (325, 4, 1, 8)]
    strips = [(273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, 8)]
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    tags = sorted(tags + (where if tile else strips))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", *one) for one in tags) + bytes(4)


@pytest.mark.parametrize("size", [(10**6, 10**6), (20_000, 20_000), (17_000, 17_000)])
@pytest.mark.parametrize("make", [png, tiff])
def test_a_picture_that_announces_too_many_pixels_is_refused(tmp_path, size, make):
    (tmp_path / "a.png").write_bytes(make(*size))
    with pytest.raises(InputError, match="pixels"):
        read_picture(tmp_path / "a.png")


def test_a_jpeg_that_announces_too_many_pixels_is_refused(tmp_path):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    body = bytearray(stream.getvalue())
    place = body.index(b"\xff\xc0") + 5
    body[place : place + 4] = struct.pack(">HH", 65_000, 65_000)
    (tmp_path / "a.jpg").write_bytes(body)
    with pytest.raises(InputError, match=r"too many pixels|announces 65000"):
        read_picture(tmp_path / "a.jpg")


def test_a_slide_of_a_million_pixels_on_each_side_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(10**6, 10**6, 256))
    with pytest.raises(InputError):
        open_slide(tmp_path / "a.tif", 0.5)
    with pytest.raises(InputError, match="the largest glass slides"):
        refuse_absurd(tmp_path / "a.tif", (10**6, 10**6), {})
    level = {"openslide.level-count": "1", "openslide.level[0].tile-width": "100000"}
    with pytest.raises(InputError, match="squares of 10000000000 pixels"):
        refuse_absurd(tmp_path / "a.tif", (10**5, 10**5), level | {"openslide.level[0].tile-height": "100000"})


def test_a_study_file_of_a_few_lines_does_not_unfold_to_billions(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 12)]
    (tmp_path / "a.yaml").write_text("\n".join(lines))
    with pytest.raises(InputError, match="unfolds to more than"):
        load_yaml(tmp_path / "a.yaml")
    for text in ("a: &a [*a]", "a: " + "[" * 5000, "{" * 3000, "a: " + "[" * 60 + "]" * 60):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(InputError):
            load_yaml(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("a: &a [1, 2]\nb: *a\n")  # ordinary use stays possible
    assert load_yaml(tmp_path / "a.yaml") == {"a": [1, 2], "b": [1, 2]}


def test_annotations_nested_without_end_are_refused(tmp_path):
    (tmp_path / "a.geojson").write_text("[" * 100_000)
    with pytest.raises(InputError, match="too deep"):
        read_annotations(tmp_path / "a.geojson")
    inner = {"type": "Point", "coordinates": [0, 0]}
    for _ in range(400):
        inner = {"type": "GeometryCollection", "geometries": [inner]}
    (tmp_path / "a.geojson").write_text(json.dumps({"features": [{"geometry": inner}]}))
    with suppress(InputError):  # Read or refused, but never a traceback.
        read_annotations(tmp_path / "a.geojson")


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be held to a limit on Linux only")
def test_the_process_that_reads_c3d_has_little_memory(tmp_path):
    """A header may announce any number of frames; the reader is another process, held to 4 GiB."""
    program = "import c3d, resource; c3d._hold(); print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    done = subprocess.run([sys.executable, "-c", program], cwd=GAIT, capture_output=True, text=True)
    assert done.stdout.strip() == str(4 * 2**30), done.stderr
