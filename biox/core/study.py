"""A study: what one file in ``config/`` may say. ``biox.core.studies`` reads such files and checks them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from biox.core.graph_settings import Graph

# Between two classes in the target of a method: why this one and not the other.
AGAINST = " - "
Identity = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Strict(BaseModel):
    """Base of all settings: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _choice(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value, "options": {}}
    if isinstance(value, Mapping) and "options" not in value:
        return {"name": value.get("name"), "options": {k: v for k, v in value.items() if k != "name"}}
    return value


class Named(Strict):
    """A function by name with its options: ``mlp`` or ``{name: mlp, hidden: [64]}``."""

    name: str
    options: dict[str, Any] = {}


Choice = Annotated[Named, BeforeValidator(_choice)]


def _source(value: Any) -> Any:
    if isinstance(value, Mapping) and "source" in value:
        return {"name": value["source"], "options": {k: v for k, v in value.items() if k != "source"}}
    if isinstance(value, Named):
        return value
    raise ValueError("it needs 'source', the name of a reader")


Source = Annotated[Named, BeforeValidator(_source)]


class Folds(Strict):
    """How the people are split: ``count`` stratified folds that no person crosses, or folds that the data gives.

    ``given: NAME`` takes the fold numbers 0 .. count-1 from that column of the sample table; ``leave_out: NAME`` makes
    each value of that column a fold (leave one site out), ``count`` of them.
    Fold k is tested, fold k+1 validates, the others train.
    """

    count: int = Field(default=5, ge=3)
    given: str | None = None
    leave_out: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Folds":
        if self.given and self.leave_out:
            raise ValueError("either 'given' or 'leave_out' may name a column, not both")
        return self


class Training(Strict):
    """How a network is trained; solvers (the linear SVM, logistic regression) do not use it."""

    epochs: int = Field(default=200, ge=1)
    batch: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    optimiser: Literal["adamw", "sgd"] = Field(
        default="adamw", description="sgd has Nesterov momentum 0.9; it needs a higher learning rate, a smaller decay"
    )
    patience: int = Field(default=30, ge=1)
    average: float = Field(
        default=0.0, ge=0, lt=1, description="decay of the running mean of the weights; 0 switches it off"
    )
    noise: float = Field(
        default=0.0, ge=0, description="sd of smooth noise added to training curves, in normalised units"
    )
    warp: float = Field(default=0.0, ge=0, description="largest smooth shift along the curve while training, in points")
    scale: float = Field(default=0.0, ge=0, description="sd of the random gain of a training curve")
    mixup: float = Field(default=0.0, ge=0, description="alpha of mixup between training samples; 0 switches it off")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    balanced: bool = Field(default=False, description="classes weigh alike in the loss, whatever their size")
    refit: bool = Field(
        default=False, description="retrain on training and validation folds for the number of epochs found best"
    )
    turn: bool = Field(default=False, description="mirror and turn training images at random")
    stain: float = Field(default=0.0, ge=0, description="sd of the random change of each stain (HED) of an image")
    shift: int = Field(default=0, ge=0, description="largest random shift of a training image, in pixels")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="bfloat16: mixed precision on a graphics card; weights stay float32"
    )
    checkpoint: int = Field(
        default=0, ge=0, description="epochs between checkpoints, from which an interrupted training goes on; 0: none"
    )


Normalise = Literal["none", "minmax", "minmax-all", "zscore"]


class Learn(Strict):
    """What a model learns from: everything as it is, unless a bias is to be planted or removed.

    label: the column that is learnt. where: only samples whose column holds one of the values. view: another version of
    the same samples (``clean``: without a planted artefact). Scores and explanations are of all samples as given.
    """

    label: str = "label"
    where: dict[str, tuple[Any, ...]] = {}
    view: str = "given"


class Variant(Strict):
    """What a further run of the same study changes; what is left out stays as in the study itself."""

    model: Choice | None = None
    normalise: Normalise | None = None
    channels: tuple[str, ...] | None = None
    training: Training | None = None
    learn: Learn | None = None
    prepare: Choice | None = None


class Method(Strict):
    """One way to explain: LRP with a composite, for a score.

    target: the score of the true ``label``, the ``dominant`` class, a class by name, or ``"CLASS - OTHER"``.
    samples: whether every sample is explained by every fold's model, or only by the one that did not see its person.
    """

    method: Literal["lrp"] = "lrp"
    composite: Choice = Named(name="epsilon-plus")
    target: str = "label"
    samples: Literal["all", "test"] = "all"


class Compute(Strict):
    """Where and on how many threads a job computes."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int = Field(default=1, ge=1)


class Study(Strict):
    """Everything that one study says."""

    name: Identity
    title: str
    question: str
    domain: Identity
    label_level: Literal["subject", "trial"] = "subject"
    seed: int = 0
    data: Source
    simulate: dict[str, Any] | None = None
    external: Source | None = None
    classes: dict[str, tuple[str, ...]] | None = None
    folds: Folds = Folds()
    model: Choice = Named(name="mlp")
    normalise: Normalise = "zscore"
    channels: tuple[str, ...] | None = None
    training: Training = Training()
    learn: Learn = Learn()
    prepare: Choice = Named(name="none")
    variants: dict[Identity, Variant] = {}
    methods: dict[Identity, Method] = {"lrp": Method()}
    validate_: dict[str, Any] = Field(default={}, alias="validate")
    graph: Graph | None = None
    compute: Compute = Compute()
    predict: dict[Identity, Source] = {}

    @model_validator(mode="after")
    def _main_is_reserved(self) -> "Study":
        if "main" in self.variants:
            raise ValueError("a variant may not be called 'main': that is the study as it stands")
        if not self.methods:
            raise ValueError("a study needs at least one method")
        return self

    def variant(self, name: str) -> Variant:
        """The settings of one variant with nothing left open; ``main`` is the study itself."""
        own = {key: getattr(self, key) for key in Variant.model_fields}
        if name == "main":
            return Variant(**own)
        change = self.variants[name]
        return Variant(**{key: own[key] if getattr(change, key) is None else getattr(change, key) for key in own})

    def all_variants(self) -> tuple[str, ...]:
        """``main`` first, then the others as written."""
        return ("main", *self.variants)
