"""AttnLRP in its published form, independent of the engine: gradient x input of a network with changed gradients.

With eps = 0 relevance equals the input times the gradient of a twin of the network that has the same values: an
activation f(x) is written x (f(x) / x), gates, scales of norms and divisors are constants, and a product of two signals
hands half to each (Achtibat et al. 2024; Arras et al. 2017 for gates).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from biox import lrp
from biox.lrp.capture import Capture
from biox.lrp.operations import HANDLERS

Function = Callable[[Tensor], Tensor]
EXACT = lrp.composite("epsilon", eps=0.0, stabiliser=0.0)


def activated(f: Function, x: Tensor) -> Tensor:
    """``f(x)`` with the gradient f(x) / x."""
    return x * (f(x) / x).detach()


def halved(one: Tensor, two: Tensor, product: Callable[[Tensor, Tensor], Tensor] = torch.mul) -> Tensor:
    """The product, half of whose gradient goes to each factor."""
    return (product(one, two.detach()) + product(one.detach(), two)) / 2


def dense(inputs: int, outputs: int, seed: int = 7, bias: bool = True) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(inputs, outputs, bias).double()


def random(*shape: int, seed: int = 8) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64)


def between(operation: Function, shape: tuple[int, ...], bias: bool = True) -> Function:
    """A model: a layer that makes ``shape`` from 6 inputs, the operation, and a layer with 3 outputs."""
    first = dense(6, torch.Size(shape).numel(), bias=bias)
    with torch.no_grad():
        made = operation(first(random(2, 6)).reshape(2, *shape))
    head = random(made[0].numel(), 3, seed=9)
    return lambda x: operation(first(x).reshape(-1, *shape)).reshape(len(x), -1) @ head


def gradient_times_input(model: Function, x: Tensor, target: int = 1) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[:, target].sum(), x)
    return (x * gradient).detach()


def assert_like_twin(operation: Function, twin: Function, shape: tuple[int, ...]) -> None:
    """Relevance through the operation is that of its twin, and the model's output under capture is its own."""
    x, model, reference = random(4, 6, seed=10), between(operation, shape), between(twin, shape)
    torch.testing.assert_close(model(x), reference(x), rtol=1e-9, atol=1e-10)
    found, expected = lrp.relevance(model, x, 1, EXACT), gradient_times_input(reference, x)
    assert float(expected.abs().max()) > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)
    assert_same_output(model, x)


def assert_conserves(operation: Function, shape: tuple[int, ...]) -> None:
    """Without biases nothing is lost."""
    model, x = between(operation, shape, bias=False), random(4, 6, seed=10)
    found = lrp.relevance(model, x, 1, EXACT)
    assert float(lrp.conservation_error(lrp.score(model, x, 1), found).abs().max()) < 1e-10


def assert_same_output(model: Function, x: Tensor) -> None:
    capture = Capture(EXACT, model, HANDLERS)
    with torch.no_grad():
        leaf = capture.start(x, None)
        with capture:
            watched = model(leaf)
        torch.testing.assert_close(capture.current(watched).detach(), model(x), rtol=1e-12, atol=1e-12)
