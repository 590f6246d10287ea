"""Small networks with BatchNorm whose layers are named early, middle, late and dense, and their training.

One output: the log odds of "yes". There is thus one score to explain, and no question of which class to subtract.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from evidence import Task
from torch import Tensor, nn
from torch.nn import functional

GROUPS = ("early", "middle", "late", "dense")
BATCH, RATE = 32, 2e-3


class Block(nn.Module):
    """Two convolutions and a way around them, as in ResNet."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        around = [nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
        self.around = nn.Identity() if inputs == outputs and stride == 1 else nn.Sequential(*around)

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways."""
        h = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(h)) + self.around(x))


def vgg_like() -> nn.Module:
    """Five convolutions with BatchNorm and max pooling, two dense layers; takes (sample, 3, 64, 64)."""
    net = nn.Sequential()
    net.add_module("early", nn.Sequential(*_conv2d(3, 16), nn.MaxPool2d(2)))
    net.add_module("middle", nn.Sequential(*_conv2d(16, 32), nn.MaxPool2d(2), *_conv2d(32, 32), nn.MaxPool2d(2)))
    net.add_module("late", nn.Sequential(*_conv2d(32, 64), *_conv2d(64, 64), nn.MaxPool2d(2)))
    dense = [nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)]
    net.add_module("dense", nn.Sequential(*dense))
    return net


def resnet_like() -> nn.Module:
    """A convolution and three residual blocks with BatchNorm, the mean over places; takes (sample, 3, 64, 64)."""
    net = nn.Sequential()
    stem = [nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    net.add_module("early", nn.Sequential(*stem, Block(16, 16, 1)))
    net.add_module("middle", Block(16, 32, 2))
    net.add_module("late", Block(32, 64, 2))
    net.add_module("dense", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1)))
    return net


def curve_cnn() -> nn.Module:
    """Three convolutions along the curve with BatchNorm and average pooling; takes (sample, 6, 101)."""
    net = nn.Sequential()
    for name, inputs, outputs, kernel in (("early", 6, 16, 9), ("middle", 16, 32, 7), ("late", 32, 32, 5)):
        convolution = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
        net.add_module(name, nn.Sequential(convolution, nn.BatchNorm1d(outputs), nn.ReLU(), nn.AvgPool1d(2)))
    net.add_module("dense", nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 12, 1)))
    return net


def trained(make: Callable[[], nn.Module], task: Task, epochs: int, seed: int) -> nn.Module:
    """A network with the weights of the epoch that the validation part liked best (log-loss), in evaluation mode."""
    torch.manual_seed(seed)
    rng, model, rows = np.random.default_rng(seed), make(), task.rows("train")
    balance = (1 - task.y[rows]).sum() / task.y[rows].sum()
    steps = epochs * -(-len(rows) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    best, state = float("inf"), {}
    for _ in range(epochs):
        model.train()
        for some in np.array_split(rng.permutation(rows), -(-len(rows) // BATCH)):
            scores = model(_turned(task.x[some], rng)).squeeze(1)
            loss = functional.binary_cross_entropy_with_logits(scores, task.y[some], pos_weight=balance)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
        loss = _loss(model.eval(), task, balance)
        if loss < best:
            best, state = loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


def scores(model: nn.Module, x: Tensor) -> Tensor:
    """The log odds of "yes", shape (sample,)."""
    with torch.inference_mode():
        return torch.cat([model(some).squeeze(1) for some in x.split(256)])


def _conv2d(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()


def _turned(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Tissue has no up or down: tiles are mirrored and turned at random, curves are not."""
    if x.ndim == 3:
        return x
    sides = [side for side in (2, 3) if rng.random() < 0.5]
    return (x.transpose(2, 3) if rng.random() < 0.5 else x).flip(sides)


def _loss(model: nn.Module, task: Task, balance: Tensor) -> float:
    rows = task.rows("validation")
    found = functional.binary_cross_entropy_with_logits(scores(model, task.x[rows]), task.y[rows], pos_weight=balance)
    return float(found)
