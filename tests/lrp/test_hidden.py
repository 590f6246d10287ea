"""What could hide the input from the capture - compiled code, transforms, custom functions - never does so unseen."""

import pytest
import torch
from torch import nn

from biox import lrp

from . import networks
from .networks import batch, linear


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h):
        return h * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 1000


def test_a_custom_autograd_function_never_decides_where_relevance_goes():
    first, second = linear(6, 5), linear(5, 3)
    with pytest.raises(lrp.UnhandledOperation, match=r"custom torch\.autograd\.Function"):
        lrp.relevance(lambda x: second(Doubled.apply(first(x))), batch(6), 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_function_compiled_by_jit_runs_as_written():
    """It would count as a constant, unseen."""
    first, second, scripted = linear(6, 5), linear(5, 3), torch.jit.script(_scripted)
    found = lrp.relevance(lambda x: second(scripted(first(x))), batch(6), 1)
    assert torch.equal(found, lrp.relevance(lambda x: second(_scripted(first(x))), batch(6), 1))
    assert "as_written" not in torch.jit.ScriptFunction.__call__.__name__


def _scripted(h: torch.Tensor) -> torch.Tensor:
    return torch.tanh(h) + h


def test_a_transform_of_functions_never_hides_the_input():
    """It would count as a constant, unseen, if another path led to the score."""
    first, second = linear(6, 5), linear(5, 3)
    with pytest.raises(lrp.UnhandledOperation, match=r"torch\.vmap.*test_hidden\.py:\d+.*loop"):
        lrp.relevance(lambda x: second(first(x) + torch.vmap(torch.tanh)(first(x))), batch(6), 1)
    mask = torch.vmap(lambda row: row > 0)(torch.ones(4, 5))
    masked = lrp.relevance(lambda x: second(first(x) * torch.vmap(lambda row: row > 0)(torch.ones(4, 5))), batch(6), 1)
    assert torch.equal(masked, lrp.relevance(lambda x: second(first(x) * mask), batch(6), 1))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_layer_is_refused_by_name():
    with pytest.raises(ValueError, match=r"layer '0' is compiled by torch\.jit"):
        lrp.relevance(nn.Sequential(torch.jit.script(nn.Linear(6, 5)), nn.Linear(5, 3)), batch(6).float(), 1)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "inductor"])
def test_a_compiled_model_is_explained_as_it_was_written(backend):
    torch.manual_seed(3)
    model, x = networks.mlp().double(), batch(20)
    plain = lrp.relevance(model, x, 1)
    compiled = torch.compile(model, backend=backend)
    assert torch.equal(lrp.relevance(compiled, x, 1), plain)
    with torch.no_grad():
        compiled(x)  # also once it has been compiled for real
    assert torch.equal(lrp.relevance(compiled, x, 1), plain)
