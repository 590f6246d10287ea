"""Small networks, written as users write them."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def mlp(bias: bool = True, inputs: int = 20, classes: int = 3) -> nn.Module:
    layers = [nn.Linear(inputs, 16, bias), nn.ReLU(), nn.Linear(16, 12, bias), nn.ReLU(), nn.Linear(12, classes, bias)]
    return nn.Sequential(nn.Flatten(), *layers)


def gait_cnn(bias: bool = True, points: int = 606, classes: int = 2) -> nn.Module:
    """The 1D network of the gait study; ``points`` of 606 is the published size."""
    last = ((points - 8) // 2 + 1 - 8) // 2 + 1
    flat = 48 * ((last - 6) // 3 + 1)
    return nn.Sequential(
        nn.Flatten(),
        nn.Unflatten(1, (1, points)),
        nn.Conv1d(1, 24, 8, 2, bias=bias),
        nn.ReLU(),
        nn.Conv1d(24, 32, 8, 2, bias=bias),
        nn.ReLU(),
        nn.Conv1d(32, 48, 6, 3, bias=bias),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(flat, classes, bias),
    )


def cnn_2d(bias: bool = True, pool: nn.Module | None = None) -> nn.Module:
    """Convolution, BatchNorm, ReLU, max and average pooling; the first BatchNorm layers have random statistics."""
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=bias),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=2, dilation=2, groups=2, bias=bias),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(12, 10, 3, stride=2, bias=bias),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1) if pool is None else pool,
        nn.Flatten(),
        nn.Linear(10, 4, bias),
    )
    return with_random_statistics(net)


def with_random_statistics(net: nn.Module) -> nn.Module:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return net


def with_mild_statistics(net: nn.Module) -> nn.Module:
    """BatchNorm away from its start, but near enough to 1 that deep networks keep their values in range."""
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.1)
    return net


class Residual(nn.Module):
    """Residual sums written as functions, one layer used twice, ReLU in place."""

    def __init__(self) -> None:
        super().__init__()
        self.inlet = nn.Conv2d(2, 6, 3, padding=1, bias=False)
        self.shared = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(6, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.relu(self.inlet(x))
        h = h + self.relu(self.shared(h))
        h += self.shared(h)
        h = self.relu(h)
        return self.head(h.mean((2, 3)))


class Recurrent(nn.Module):
    """The last output of a recurrent network over six points in time, and a head."""

    def __init__(self, kind: type[nn.Module], **options: bool | int) -> None:
        super().__init__()
        self.memory = kind(4, 5, bias=False, batch_first=True, **options)
        self.head = nn.LazyLinear(3, bias=False, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.memory(x)[0][:, -1])


class DenselyConnected(nn.Module):
    """Each layer sees all earlier outputs, joined; BatchNorms before the convolutions; nothing is added to signals."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm2d(2 + 3 * i) for i in range(4)])
        self.convolutions = nn.ModuleList([nn.Conv2d(2 + 3 * i, 3, 3, padding=1, bias=False) for i in range(4)])
        self.head = nn.Linear(14, 3, bias=False)
        with_random_statistics(self)
        for norm in self.norms:
            nn.init.zeros_(norm.running_mean)
            nn.init.zeros_(norm.bias)

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            seen.append(convolution(functional.relu(norm(torch.cat(seen, 1)), inplace=True)))
        return self.head(functional.adaptive_avg_pool2d(torch.cat(seen, 1), 1).flatten(1))


def as_function(weights: list[Tensor]):
    """A network that is a function, not a module."""

    def net(x: Tensor) -> Tensor:
        h = torch.relu_(functional.conv1d(x, weights[0], padding=1))
        h = functional.max_pool1d(h, 2)
        h = torch.cat([h, h.flip(-1)], dim=1)
        h = functional.relu(h.flatten(1) @ weights[1], inplace=True)
        return functional.linear(h, weights[2])

    return net


def linear(*sizes: int) -> nn.Linear:
    """One dense layer, always the same."""
    torch.manual_seed(7)
    return nn.Linear(*sizes).double()


def batch(*shape: int) -> Tensor:
    """Four samples, always the same."""
    torch.manual_seed(8)
    return torch.randn(4, *shape, dtype=torch.float64)
