"""Compiling: the same relevance from one program, and in words why not where a model cannot be compiled."""

import shutil
import warnings

import pytest
import torch
from torch import nn

from biox import lrp
from biox.lrp.streaming.compiled import compiled
from biox.lrp.streaming.stream import relevance_batches

from . import networks

pytestmark = [
    pytest.mark.skipif(
        not any(shutil.which(name) for name in ("g++", "clang++", "cl")), reason="no C++ compiler to compile with"
    ),
    pytest.mark.filterwarnings("error"),
    # of torch's own code generator
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class Counts:
    """Tells how often the model's own code runs; a program does not run it."""

    def __init__(self, model):
        self.runs = 0
        model.register_forward_pre_hook(self._count)

    def _count(self, *_):
        self.runs += 1


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-9 * float(expected.abs().max()))


def double(model, *shape):
    return model.double().eval(), torch.rand(*shape, dtype=torch.float64)


NETWORKS = {
    "gait": lambda: double(networks.gait_cnn(points=106), 5, 2, 53),
    "mlp": lambda: double(networks.mlp(), 5, 20),
    "2d with BatchNorm": lambda: double(networks.cnn_2d(), 3, 3, 20, 20),
    "in place": lambda: double(networks.Residual(), 3, 2, 8, 8),
}


CASES = [("mlp", "epsilon-plus-flat"), ("gait", "epsilon-gamma-box")]
SLOW = [("in place", "epsilon-plus-flat"), ("2d with BatchNorm", "epsilon-gamma-box")]


@pytest.mark.parametrize(
    ("network", "composite"), [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_a_program_gives_the_same_relevance_without_running_the_model(network, composite):
    torch.manual_seed(6)
    model, x = NETWORKS[network]()
    explain = compiled(model, composite, 0.0, 1.0)
    explain(x, 1)
    again, target = torch.rand_like(x), torch.arange(len(x)) % 2
    counts = Counts(model)
    found = explain(again, target)
    assert counts.runs == 0
    close(found, lrp.relevance(model, again, target, composite, 0.0, 1.0))


def test_weights_are_read_at_every_call():
    model, x = double(networks.mlp(), 5, 20)
    explain = compiled(model, "epsilon")
    before = explain(x, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(-0.5)
    counts = Counts(model)
    found = explain(x, 1)
    assert counts.runs == 0
    close(found, lrp.relevance(model, x, 1, "epsilon"))
    assert (found - before).abs().max() > 0.1 * before.abs().max()


@pytest.mark.slow
def test_a_program_for_positive_inputs_is_not_used_for_others():
    model, x = double(networks.mlp(), 5, 20)
    explain = compiled(model, "zplus")
    explain(x, 1)
    close(explain(x - 0.5, 1), lrp.relevance(model, x - 0.5, 1, "zplus"))
    close(explain(x - 0.4, 1), lrp.relevance(model, x - 0.4, 1, "zplus"))


@pytest.mark.slow
def test_another_module_in_the_place_of_one_makes_a_new_program():
    model, x = double(networks.mlp(), 5, 20)
    explain = compiled(model, "epsilon")
    explain(x, 1)
    model[2] = nn.Identity()
    explain(x, 1)
    close(explain(x, 1), lrp.relevance(model, x, 1, "epsilon"))


@pytest.mark.slow
def test_a_function_of_the_output_is_compiled_with_the_pass():
    model, x = double(networks.mlp(), 5, 20)
    explain, target = compiled(model, "epsilon"), lrp.difference(1, 0)
    explain(x, target)
    counts = Counts(model)
    found = explain(x + 1, target)
    assert counts.runs == 0
    close(found, lrp.relevance(model, x + 1, target, "epsilon"))


class Branches(nn.Module):
    """Takes one of two ways, as the values say."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(20, 3), nn.Linear(20, 3)

    def forward(self, x):
        return self.one(x) if x.sum() > 0 else self.two(x)


class Keeps(nn.Module):
    """Holds a tensor that is neither parameter nor buffer, which a program would not read anew."""

    def __init__(self):
        super().__init__()
        self.matrix = torch.randn(20, 3, dtype=torch.float64)

    def forward(self, x):
        return x @ self.matrix


@pytest.mark.parametrize("model", [Branches, Keeps])
def test_what_cannot_be_compiled_runs_uncompiled_and_says_so(model):
    model, x = double(model(), 5, 20)
    explain = compiled(model, "epsilon")
    with pytest.warns(UserWarning, match="could not be compiled, so it runs uncompiled"):
        explain(x, 1)
    for values in (x, -x):  # the second takes the other way
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            close(explain(values, 1), lrp.relevance(model, values, 1, "epsilon"))


@pytest.mark.slow
def test_a_program_that_is_wrong_is_not_used(monkeypatch):
    model, x = double(networks.mlp(), 5, 20)
    real = torch._inductor.compile
    monkeypatch.setattr(torch._inductor, "compile", lambda *given: lambda *now: [1.001 * real(*given)(*now)[0]])
    explain = compiled(model, "epsilon")
    with pytest.warns(UserWarning, match="it differed by 1.0e-03 from the uncompiled pass"):
        explain(x, 1)
    close(explain(x, 1), lrp.relevance(model, x, 1, "epsilon"))


def test_only_modules_are_compiled_and_only_one_target():
    with pytest.raises(ValueError, match=r"nn\.Module"):
        compiled(lambda x: x)
    model, x = double(networks.mlp(), 5, 20)
    for several in ([0, 1], lrp.Units("0")):
        with pytest.raises(ValueError, match="one target"):
            compiled(model)(x, several)
    with pytest.raises(ValueError, match="classes 0 to 2"):
        compiled(model)(x, 3)


def test_streaming_compiles_the_batches_of_the_first_length():
    model, x = double(networks.mlp(), 23, 20)
    counts = Counts(model)
    found = torch.cat(list(relevance_batches(model, x, 1, batch_size=1, compile=True)))
    assert counts.runs < 9  # of 23 batches
    close(found, lrp.relevance(model, x, 1))
    several = torch.cat(list(relevance_batches(model, x, [0, 1], batch_size=12, compile=True)))
    close(several.transpose(0, 1), lrp.relevance(model, x, [0, 1]))
