"""What a study may say about the protein table that it simulates."""

from typing import Literal

from pydantic import Field, model_validator

from biox.core.errors import listed
from biox.core.study import Strict

OF_BLOCKS = {"blocks", "active"}
OF_REGULATION = {"subgroups", "modules", "regulators", "strength", "noise", "switched", "shift", "feedbacks"}


class Simulation(Strict):
    """A made-up protein table whose true relations are known.

    kind: ``regulation``, in which proteins regulate others in a direction, or ``blocks``, the published generator of
    Keyl et al. 2022. proteins, samples: size; each patient has one sample. missing: share of the values removed at
    random. batches: the samples are dealt into so many at random; batch_shift: sd of the shift of a protein in a batch,
    in sd of the protein. new: further patients of the same kind, written to files of their own.

    Blocks only. blocks: how many groups of related proteins. active: ``all`` of them in every sample (the homogeneous
    table) or ``one`` in each (the heterogeneous one).

    Regulation only. subgroups: types of patients. modules: groups of proteins that mostly regulate each other.
    regulators: of a protein, from 1 up to this many. strength: of a regulator at its full response; noise: sd of what
    no regulator explains, in the same unit. switched: share of edges that are off in some of the subgroups. shift: how
    far the subgroups' means of some unregulated proteins differ (sd). feedbacks: edges that close a loop.
    """

    kind: Literal["regulation", "blocks"] = "regulation"
    proteins: int = Field(default=60, ge=4)
    samples: int = Field(default=400, ge=20)
    missing: float = Field(default=0.0, ge=0, le=0.9)
    batches: int = Field(default=1, ge=1)
    batch_shift: float = Field(default=0.0, ge=0)
    new: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)
    blocks: int = Field(default=4, ge=1)
    active: Literal["all", "one"] = "all"
    subgroups: int = Field(default=3, ge=1)
    modules: int = Field(default=6, ge=1)
    regulators: int = Field(default=3, ge=1)
    strength: float = Field(default=1.0, gt=0)
    noise: float = Field(default=0.5, gt=0)
    switched: float = Field(default=0.5, ge=0, le=1)
    shift: float = Field(default=0.7, ge=0)
    feedbacks: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Simulation":
        other = sorted(self.model_fields_set & (OF_REGULATION if self.kind == "blocks" else OF_BLOCKS))
        if other:
            raise ValueError(f"kind: {self.kind} has no {listed(other)}; leave that out, or change the kind")
        return self

    @model_validator(mode="after")
    def _fits(self) -> "Simulation":
        parts, least = ("blocks", 2) if self.kind == "blocks" else ("modules", 4)
        if self.proteins < least * getattr(self, parts):
            raise ValueError(f"{parts} need at least {least} proteins each; {self.proteins} proteins are too few")
        groups = self.blocks if self.active == "one" else self.subgroups if self.kind == "regulation" else 1
        if self.samples < max(groups, self.batches):
            raise ValueError(f"{self.samples} samples are fewer than the {max(groups, self.batches)} groups of them")
        return self
