"""What happened during one explanation: which operations ran, by which rule, and what each kept of its relevance."""

from collections import Counter
from dataclasses import dataclass, field

from torch import Tensor

from biox.lrp.tags import Back


@dataclass
class Step:  # not frozen: relevance fills it on its way back
    """One operation that relevance may pass.

    operation: torch's name for it. handler: the function of biox.lrp that takes it. place: ``file:line`` of the user's
        code. layer: the path of its weights in the model.
    rule: how it hands relevance down. arrived, handed: the sums of relevance over the batch, above and below it.
    bias: the part of what it kept that its biases absorbed; None where it has no bias of its own.
    refused: why relevance cannot pass it, "" where it can. joined: a later step, its BatchNorm or ReLU, took it in.
    """

    operation: str
    handler: str
    place: str
    layer: str = ""
    rule: str = ""
    arrived: float | None = None
    handed: float = 0.0
    bias: float | None = None
    refused: str = ""
    joined: bool = False

    @property
    def kept(self) -> float:
        """What did not pass: absorbed by biases, constants and stabilisers."""
        return 0.0 if self.arrived is None else self.arrived - self.handed


@dataclass
class Journal:  # not frozen: it is written while the model runs
    """All operations that were met, how often, and the steps that relevance may pass, in the order of the run."""

    steps: list[Step] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    operation: str = ""
    handler: str = ""
    place: str = ""
    now: Step | None = None
    ranks: dict[int, Step] = field(default_factory=dict)

    def runs(self, operation: str, handler: str, place: str) -> None:
        """An operation is about to run."""
        self.operation, self.handler, self.place = operation, handler, place
        self.met[operation] += 1

    def counted(self, back: Back) -> Back:
        """The same way back, whose relevance is counted."""
        step = Step(self.operation, self.handler, self.place)
        self.steps.append(step)

        def counting(relevance: Tensor) -> tuple[Tensor | None, ...]:
            self.now = step
            given = back(relevance)
            step.arrived = (step.arrived or 0.0) + float(relevance.sum())
            step.handed += sum(float(part.sum()) for part in given if part is not None)
            return given

        return counting

    def layer(self, rank: int) -> None:
        """The step that was counted last is the layer of this rank, perhaps with what has just joined it."""
        step, before = self.steps[-1], self.ranks.get(rank)
        if before is not None:
            before.joined = True
            step.operation, step.place = f"{before.operation} + {step.operation}", before.place
        self.ranks[rank] = step

    def note(self, *, layer: str = "", rule: str = "", bias: float | None = None, refused: str = "") -> None:
        """What the operation that now hands relevance down knows of itself."""
        assert self.now is not None
        self.now.layer, self.now.rule, self.now.bias, self.now.refused = layer, rule, bias, refused
