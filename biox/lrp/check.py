"""The first thing to call on a new model: can it be explained, by which rules, and what gets lost on the way."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.lrp.arguments import Bound
from biox.lrp.capture import Capture
from biox.lrp.composites import Composite
from biox.lrp.explain import conservation_error
from biox.lrp.journal import Journal, Step
from biox.lrp.operations import handlers_for
from biox.lrp.passes import explained
from biox.lrp.presets import chosen_composite
from biox.lrp.tags import tensors_in
from biox.lrp.targets import Target, Units, plain
from biox.lrp.watch import Watch

# Stabilisers are absolute, and made for values near 1.
_SMALL = 1e-3
# What the handlers of operations without a rule of their own do, in a word.
_WORDS = {
    "add": "share",
    "add_product": "share",
    "subtract": "share",
    "subtract_from": "share",
    "pooled": "share",
    "length": "share",
    "all_factors": "equal parts",
    "layer_norm": "constant scale",
    "group_norm": "constant scale",
    "instance_norm": "constant scale",
    "divide": "constant scale",
    "multiply": "signal or halves",
    "multilinear": "halves",
    "scaled_dot_product": "Taylor, halves",
    "softmax": "Taylor",
    "logsumexp": "softmax",
}


@dataclass(frozen=True)
class Check:
    """What ``check`` found; printed, it is a table.

    steps: the operations that relevance passed, in the order of the run, those of one layer and line taken together.
    idle: operations on the way that got no relevance (gates, scales, what the score does not depend on).
    met: how often each operation of torch ran on what depends on the input.
    score, relevance: what was explained and the sum of its relevance, over the batch.
    errors: for each sample, the share of its score that reached no input (``conservation_error``); None if the
        composite does not divide the score.
    largest: the largest absolute input.
    difference: the largest change of the output by watching, as a share of the largest output; 0 or rounding.
    finite: whether all relevance is finite.
    """

    steps: tuple[Step, ...]
    idle: tuple[Step, ...]
    met: dict[str, int]
    score: float
    relevance: float
    errors: tuple[float, ...] | None
    largest: float
    difference: float
    finite: bool

    @property
    def refused(self) -> tuple[str, ...]:
        """Why relevance cannot pass, one sentence for each operation without a rule; empty: the model is explained."""
        return tuple(dict.fromkeys(step.refused for step in self.steps if step.refused))

    def __str__(self) -> str:
        rows = [("operation", "layer", "rule", "relevance above", "below", "kept", "by bias", "place")]
        rows += [_row(step) for step in self.steps]
        lines = _aligned(rows, numbers=range(3, 7))
        lines.insert(1, "-" * max(map(len, lines)))
        idle = sorted({f"{step.operation} {step.layer}".strip() for step in self.idle})
        lines += ["", *(["Got no relevance: " + ", ".join(idle) + "."] if idle else []), *self._verdict()]
        return "\n".join(lines)

    def _verdict(self) -> list[str]:
        if self.refused:
            return ["NOT EXPLAINED:", *(f"- {sentence}" for sentence in self.refused)]
        change = "not at all" if self.difference == 0 else f"by {self.difference:.1e} of its largest value"
        finite = "All relevance is finite." if self.finite else "SOME RELEVANCE IS NOT FINITE."
        return [f"Watching changes the model's output {change}. {finite}", self._conservation(), *self._hints()]

    def _conservation(self) -> str:
        sums = f"Over the batch, the score is {self.score:.6g} and its relevance {self.relevance:.6g}."
        if self.errors is None:
            return f"{sums} This composite does not divide the score, so they need not agree."
        sizes = sorted(map(abs, self.errors))
        middle = sizes[len(sizes) // 2]
        return (
            f"{sums} Of a sample's score, {middle:.2%} (in the middle) to {sizes[-1]:.2%} (at most) was absorbed by "
            "biases, constants and stabilisers."
        )

    def _hints(self) -> list[str]:
        if not 0 < self.largest < _SMALL:
            return []
        return [
            f"The largest input is {self.largest:.1e}: stabilisers absorb much of values so small. Bring the input to "
            "a scale near 1, or lower eps and stabiliser: lrp.composite(name, eps=1e-12, stabiliser=1e-12)."
        ]


def check(
    model: nn.Module,
    x: Float[Tensor, "sample *feature"],
    target: Target | None = None,
    composite: str | Composite = "epsilon-plus",
    *,
    low: Bound | None = None,
    high: Bound | None = None,
) -> Check:
    """Explain a few samples and say what happened: ``print(check(model, x))``.

    target: as in ``relevance``; None is each sample's highest score. Operations without a rule do not stop it, they are
    listed in ``refused``. Other arguments and errors as in ``relevance``.
    """
    chosen = chosen_composite(composite)
    if not len(x):
        raise ValueError("There is no sample to check.")
    with torch.no_grad():
        bare = model(x)
    if target is None:
        if not isinstance(bare, Tensor):
            raise ValueError("The model gives no single tensor of scores, so say with target= what is to be explained.")
        target = bare.flatten(1).argmax(1) if bare.ndim > 1 else torch.ones_like(bare).unsqueeze(1)
    journal = Journal()
    wanted = plain(target)
    watch = Watch(starts=(wanted.layer,)) if isinstance(wanted, Units) else None
    capture = Capture(chosen, model, handlers_for(chosen), watch=watch, journal=journal)
    (found,), output = explained(capture, model, x, [wanted], (low, high))
    passed = [step for step in journal.steps if step.arrived or step.handed or step.refused]
    return Check(
        steps=tuple(_together(passed)),
        idle=tuple(step for step in journal.steps if step not in passed and not step.joined),
        met=dict(journal.met),
        score=float(found.score.sum()),
        relevance=float(found.relevance.sum()),
        errors=tuple(map(float, conservation_error(found.score, found.relevance))) if chosen.divides_score else None,
        largest=float(x.abs().max()) if x.is_floating_point() else 1.0,
        difference=_difference(bare, output, capture),
        finite=bool(found.relevance.isfinite().all()),
    )


def _together(steps: list[Step]) -> list[Step]:
    """Steps of one layer at one place as one: a recurrent layer runs once for every point in time."""
    found: dict[tuple[str, ...], Step] = {}
    for step in steps:
        key = step.operation, step.layer, step.rule, step.place, step.refused
        same = found.get(key)
        if same is None:
            found[key] = step
            continue
        bias = None if same.bias is None or step.bias is None else same.bias + step.bias
        arrived = (same.arrived or 0.0) + (step.arrived or 0.0)
        found[key] = replace(same, arrived=arrived, handed=same.handed + step.handed, bias=bias)
    return list(found.values())


def _difference(plain: object, output: object, capture: Capture) -> float:
    """The largest difference of two outputs, as a share of the largest value."""
    pairs = list(zip(tensors_in(plain), tensors_in(output), strict=True))
    scale = max((float(one.abs().max()) for one, _ in pairs), default=0.0)
    largest = max((float((one - capture.current(two).detach()).abs().max()) for one, two in pairs), default=0.0)
    return largest / scale if scale else largest


def _row(step: Step) -> tuple[str, ...]:
    bias = "" if step.bias is None else f"{step.bias:.4g}"
    sums = f"{step.arrived or 0.0:.4g}", f"{step.handed:.4g}", f"{step.kept:.2g}", bias
    folder, _, file = step.place.rpartition("/")
    rule = "REFUSED" if step.refused else step.rule or _WORDS.get(step.handler, "pass")
    return step.operation, step.layer, rule, *sums, file or folder


def _aligned(rows: list[tuple[str, ...]], numbers: range) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
