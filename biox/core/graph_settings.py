"""What a graph study may say about its influences and the controls that run beside them."""

from typing import Literal

from pydantic import Field, model_validator

from biox.core.strict import Strict

BASELINES = ("pearson", "partial", "lasso", "genie3")
Baseline = Literal["pearson", "partial", "lasso", "genie3"]
# More proteins than these take the graphical lasso days.
MOST_OF_LASSO = 1000
# Shares such as 2/3 may be written with two decimals.
ROUNDED = 0.005


class ForestSettings(Strict):
    """The forest of GENIE3: the published one is a random forest of 1000 trees; extra trees are up to ten times faster.

    samples: at most so many; None takes all.
    """

    kind: Literal["random forest", "extra trees"] = "extra trees"
    trees: int = Field(default=1000, ge=1)
    samples: int | None = Field(default=None, ge=20)


class Graph(Strict):
    """How influences are measured, stored and tested.

    masks: the upper end of the random masks of each patient, at least one for every part of ``shown``. error: masks are
    added until the standard error of a patient's edge scores is below this share of their spread. shown: share of the
    proteins that a mask shows, made of whole parts: 1/2, 2/3, 3/4 .. nulls: trainings on tables whose proteins were
    shuffled one by one, the null of every edge. seeds: trainings with further seeds, for stability. shards: jobs into
    which the patients of a fold are cut. products: number type of the matrix products; bfloat16 is several times faster
    where the processor or card has it, and changes relevance by about a hundredth. precision, top: how influences
    are stored; of each target only the ``top`` strongest sources, or all. type_size: fewest patients of a type that has
    a graph of its own. baselines: the methods without a network that run beside it; forest: of genie3. alpha: false
    discovery rate of the kept edges.
    """

    masks: int = Field(default=100, ge=2)
    error: float = Field(default=0.2, gt=0)
    shown: float = Field(default=0.5, ge=0.5, lt=1)
    nulls: int = Field(default=3, ge=0)
    seeds: int = Field(default=1, ge=0)
    shards: int = Field(default=1, ge=1)
    products: Literal["float32", "bfloat16"] = "float32"
    precision: Literal["float32", "float16"] = "float16"
    top: int | None = Field(default=None, ge=1)
    type_size: int = Field(default=20, ge=2)
    baselines: tuple[Baseline, ...] = BASELINES
    forest: ForestSettings = ForestSettings()
    alpha: float = Field(default=0.05, gt=0, lt=1)

    @property
    def blocks(self) -> int:
        """Into how many parts the proteins are dealt, of which each mask hides one."""
        return round(1 / (1 - self.shown))

    @model_validator(mode="after")
    def _of_whole_parts(self) -> "Graph":
        if abs(self.shown - (1 - 1 / self.blocks)) > ROUNDED:
            raise ValueError(f"'shown' is made of whole parts, 1/2, 2/3, 3/4 .. (0.5, 0.67, 0.75 ..); got {self.shown}")
        if self.masks < self.blocks:
            raise ValueError(
                f"'masks' is {self.masks}, but it takes {self.blocks} masks that show {self.shown} of the proteins to "
                "hide every protein once"
            )
        return self
