"""The benchmark measures what it says: where a figure is known in advance, it must come out."""

import importlib
import json
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    names = ("lrp_calls", "lrp_lxt", "lrp_peers", "lrp_models", "lrp_measure", "lrp_memory", "lrp_table")
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


def test_the_page_is_what_the_results_say(bench):
    results = json.loads((ROOT / "bench" / "results" / "lrp.json").read_text())
    assert (ROOT / "docs" / "lrp-speed.md").read_text() == bench["lrp_table"].markdown(results)


def test_wrong_relevance_is_remarked_beside_its_time(bench):
    cell = bench["lrp_table"]._cell
    assert cell({"ratio": 1.0, "kept": 1.001, "differs": 1e-9}) == "1.00"
    assert cell({"ratio": 1.0, "kept": 2.0, "differs": 0.5}) == "1.00 (keeps 2, off 0.5)"
    assert cell({"ratio": 1.0, "kept": float("nan"), "differs": float("nan")}) == "1.00 (keeps nan, off nan)"
    assert cell({"refused": "why"}) == "refused"


def test_a_copy_without_biases_lets_all_of_the_score_arrive(bench):
    case = bench["lrp_models"].CASES["mlp"]
    model, x = bench["lrp_models"].built(case)
    found = bench["lrp_measure"].checked(case, model, x)
    assert found["biox epsilon"]["kept"] == pytest.approx(1, abs=1e-4)
    assert found["zennit epsilon"]["differs"] < 1e-10


def test_what_a_package_cannot_do_is_written_down(bench):
    def fails(x):
        raise TypeError("no rule for this\nand more, of no interest, in /some/folder/file.py")

    found = bench["lrp_measure"].tried({"one": fails, "two": lambda x: x}, torch.ones(1))
    assert found["one"].reason == "TypeError: no rule for this"
    assert callable(found["two"])


def test_a_path_does_not_come_into_the_results(bench):
    said = bench["lrp_measure"].refused(ValueError("met at /home/me/lib/torch/net.py:12, on a tensor")).reason
    assert said == "ValueError: met at net.py:12, on a tensor"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell its resident peak")
def test_the_peak_of_allocations_is_that_of_the_tensors_held_at_once(bench):
    """Two products of 4 MB are held at once, and a third when the first is given back."""

    def call(x):
        a = x * 2
        b = a * 2
        del a
        return b * 2

    count = partial(bench["lrp_memory"].counted, call)
    assert count(torch.ones(1 << 20)) == pytest.approx(2 * 4 * (1 << 20), rel=0.01)


def test_a_slower_call_has_a_higher_ratio(bench):
    x, weight = torch.rand(200, 200), nn.Parameter(torch.rand(200, 200))
    calls = {"gradient": lambda: [x @ weight for _ in range(50)], "twice": lambda: [x @ weight for _ in range(500)]}
    found = bench["lrp_measure"].compared(calls, 5, torch.device("cpu"))
    assert found["gradient"]["ratio"] == 1
    assert found["twice"]["ratio"] > 3
