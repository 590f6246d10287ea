"""Streaming: the same relevance as in one call, from any source to any place, with the memory of a few batches."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import zarr
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from biox import lrp
from biox.lrp.streaming.batch_size import measured_size
from biox.lrp.streaming.stream import relevance_batches

from . import networks

N = 23


def made():
    torch.manual_seed(5)
    return networks.gait_cnn(points=106).eval(), torch.rand(N, 2, 53), torch.randint(0, 2, (N,))


def joined(batches):
    return torch.cat(list(batches))


def close(found, expected):
    torch.testing.assert_close(torch.as_tensor(np.asarray(found)), expected, rtol=1e-4, atol=1e-6, check_dtype=False)


@pytest.mark.parametrize("source", ["tensor", "numpy", "float64", "list", "generator", "loader", "pairs", "zarr"])
def test_every_source_of_samples_gives_the_same_relevance(source, tmp_path):
    model, x, labels = made()
    stored = zarr.create_array(str(tmp_path / "x.zarr"), shape=x.shape, chunks=(5, 2, 53), dtype="float32")
    stored[:] = x.numpy()
    loader = {
        "tensor": x,
        "numpy": x.numpy(),
        "float64": x.double().numpy(),
        "list": list(x.split(9)),
        "generator": (one.numpy() for one in x.split(4)),
        "loader": DataLoader(TensorDataset(x, labels), batch_size=6),
        "pairs": list(zip(x.split(9), labels.split(9), strict=True)),
        "zarr": stored,
    }[source]
    batches = list(relevance_batches(model, loader, 1, batch_size=7))
    assert max(map(len, batches)) <= 7
    close(torch.cat(batches), lrp.relevance(model, x, 1))


def test_labels_and_targets_a_sample_stay_with_their_samples():
    model, x, labels = made()
    expected = lrp.relevance(model, x, labels)
    loader = DataLoader(TensorDataset(x, labels), batch_size=10)
    close(joined(relevance_batches(model, loader, "label", batch_size=4)), expected)
    close(joined(relevance_batches(model, x, labels, batch_size=4)), expected)
    weights = torch.nn.functional.one_hot(labels, 2).float()
    close(joined(relevance_batches(model, x, weights, batch_size=4)), expected)


def test_several_targets_stand_beside_each_other():
    model, x, labels = made()
    found = joined(relevance_batches(model, x, [0, labels], batch_size=8))
    close(found[:, 0], lrp.relevance(model, x, 0))
    close(found[:, 1], lrp.relevance(model, x, labels))


@pytest.mark.parametrize("place", ["path", "zarr", "numpy", "memmap", "tensor", "path of unknown length"])
def test_every_place_to_write_holds_the_same_relevance(place, tmp_path):
    model, x, _ = made()
    out = {
        "zarr": lambda: zarr.create_array(str(tmp_path / "a.zarr"), shape=x.shape, chunks=(5, 2, 53), dtype="float32"),
        "numpy": lambda: np.full(x.shape, np.nan),
        "memmap": lambda: np.memmap(tmp_path / "a.npy", "float32", "w+", shape=tuple(x.shape)),
        "tensor": lambda: torch.empty(x.shape),
    }.get(place, lambda: tmp_path / "a.zarr")()
    loader = iter(x.split(7)) if place == "path of unknown length" else x
    given = relevance_batches(model, loader, 1, out=out, batch_size=7)
    close(given[:], lrp.relevance(model, x, 1))
    if "path" in place:
        assert given.chunks == (7, 2, 53)
        close(zarr.open_array(str(out), mode="r")[:], lrp.relevance(model, x, 1))
    else:
        assert given is out


def test_a_result_that_is_there_is_not_overwritten(tmp_path):
    model, x, _ = made()
    relevance_batches(model, x, 1, out=tmp_path / "a.zarr", batch_size=9)
    with pytest.raises(ValueError, match="is there already"):
        relevance_batches(model, x, 0, out=tmp_path / "a.zarr", batch_size=9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"out": np.zeros((N - 1, 2, 53))}, "more samples"),
        ({"out": np.zeros((N + 1, 2, 53))}, f"gave {N} samples. out has {N + 1}"),
        ({"out": np.zeros((N, 53, 2))}, r"shape \(2, 53\)"),
        ({"target": torch.zeros(N + 1, dtype=torch.long)}, f"{N + 1} rows, but there are {N}"),
        ({"target": "label"}, "hold no labels"),
        ({"target": "class"}, 'only target with a name is "label"'),
        ({"loader": [{"x": 1}]}, r"batch\['image'\]"),
        ({"loader": [], "out": np.zeros((N, 2, 53))}, "gave 0 samples"),
        ({"batch_size": 0}, "at least 1"),
        ({"device": "meta"}, "lies on cpu"),
        ({"composite": "epsilon-squre"}, "no composite"),
        ({"composite": "zplus-box", "low": torch.zeros(5, 2, 53), "high": 1.0}, "those of one sample"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(change, said):
    model, x, _ = made()
    given = {"loader": x, "target": 1, "batch_size": 5} | change
    with pytest.raises(ValueError, match=said):
        list(relevance_batches(model, given.pop("loader"), given.pop("target"), **given))


def test_bounds_of_the_box_rule_reach_every_batch():
    model, x, _ = made()
    found = joined(relevance_batches(model, x, 1, "epsilon-gamma-box", low=0.0, high=torch.ones(2, 53), batch_size=5))
    close(found, lrp.relevance(model, x, 1, "epsilon-gamma-box", 0.0, 1.0))


class Hungry(nn.Module):
    """A model for whose batches of more than 5 samples the memory does not suffice."""

    def __init__(self, most):
        super().__init__()
        self.net, self.most, self.seen = made()[0], most, []

    def forward(self, x):
        self.seen.append(len(x))
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.net(x)


def test_a_batch_too_large_for_the_memory_is_halved_once_and_for_all():
    model, x = Hungry(5), made()[1]
    with pytest.warns(UserWarning, match="not suffice for 10 samples; going on with 5"):
        found = joined(relevance_batches(model, x, 1, batch_size=10))
    close(found, lrp.relevance(model.net, x, 1))
    assert model.seen == [10, 5, 5, 5, 5, 3]


@pytest.mark.filterwarnings("ignore:The memory did not suffice")
def test_memory_that_does_not_suffice_for_one_sample_is_an_error():
    with pytest.raises(torch.OutOfMemoryError):
        list(relevance_batches(Hungry(0), made()[1], 1, batch_size=4))


def test_the_measured_size_falls_with_the_memory_that_a_sample_needs():
    def size(width):
        model = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 2))
        return measured_size(lambda n: lrp.relevance(model, torch.rand(n, 8), 1), 4, torch.device("cpu"))

    # A sample of the wide network needs at least its hidden layer twice: 8 bytes a unit.
    assert size(100_000) <= 2**25 / (8 * 100_000)
    assert size(100_000) < size(1000) < size(10)
    assert size(1000) & (size(1000) - 1) == 0


def test_the_size_is_found_alone_and_the_relevance_is_the_same():
    model, x, _ = made()
    close(joined(relevance_batches(model, x, 1)), lrp.relevance(model, x, 1))
    close(joined(relevance_batches(model, iter([x]), 1)), lrp.relevance(model, x, 1))


def test_bfloat16_is_near_and_not_equal():
    model, x, _ = made()
    exact = lrp.relevance(model, x, 1)
    found = joined(relevance_batches(model, x, 1, batch_size=8, autocast=torch.bfloat16))
    error = float((found - exact).abs().sum() / exact.abs().sum())
    assert 1e-5 < error < 0.1


def test_threads_stay_as_they_are_and_the_bar_counts_samples(capsys):
    model, x, _ = made()
    before = torch.get_num_threads()
    list(relevance_batches(model, x, 1, batch_size=8, progress=True))
    assert torch.get_num_threads() == before
    assert f"{N}/{N}" in capsys.readouterr().err


FLAT = """
import resource, sys, tempfile, torch
from torch import nn
from biox.lrp.streaming.stream import relevance_batches
torch.set_num_threads(1)
model = nn.Sequential(nn.Flatten(), nn.Linear(606, 64), nn.ReLU(), nn.Linear(64, 2)).eval()
def batches(n):
    for _ in range(n):
        yield torch.rand(256, 6, 101)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with tempfile.TemporaryDirectory() as place:
    relevance_batches(model, batches(20), 1, out=place + "/a.zarr", batch_size=256)
    early = peak()
    relevance_batches(model, batches(200), 1, out=place + "/b.zarr", batch_size=256)
    print(peak() - early)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of a process's memory this way")
def test_ten_times_the_samples_need_no_more_memory():
    run = subprocess.run([sys.executable, "-c", FLAT], capture_output=True, text=True, check=True)
    # 200 batches are 124 MB of input and as much of relevance.
    assert float(run.stdout) < 25


def test_a_shuffled_loader_is_refused_where_targets_have_an_order():
    model, x, labels = made()
    shuffled = DataLoader(TensorDataset(x, labels), batch_size=6, shuffle=True)
    with pytest.raises(ValueError, match="The loader shuffles the samples"):
        list(relevance_batches(model, shuffled, labels))
    assert sum(map(len, relevance_batches(model, shuffled, "label"))) == N


def test_a_failed_run_leaves_no_half_result(tmp_path):
    model, x, _ = made()

    def breaking():
        yield x[:5]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        relevance_batches(model, breaking(), 1, out=tmp_path / "r.zarr", batch_size=5)
    assert not (tmp_path / "r.zarr").exists()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_works_for_a_batch_of_one(dtype):
    model, x, _ = made()
    found = joined(relevance_batches(model, x[:3], 1, "epsilon", batch_size=1, autocast=dtype))
    plain = lrp.relevance(model, x[:3], 1, "epsilon")
    assert (found - plain).abs().sum() < 0.3 * plain.abs().sum()
