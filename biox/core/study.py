"""A study: what one file in ``config/`` may say. ``biox.core.studies`` reads such files and checks them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from biox.core.choices import Choice, Named
from biox.core.errors import listed
from biox.core.graph_settings import Graph
from biox.core.job_settings import Compute, Report
from biox.core.strict import Strict
from biox.core.training import Training
from biox.core.trust_settings import Trust

# Between two classes in the target of a method: why this one and not the other.
AGAINST = " - "
# Domains whose studies draw graphs, and the rule by which these are explained (Keyl et al. 2022).
GRAPH_DOMAINS = ("proteomics",)
GRAPH_METHODS = ("lrp", "expected_gradients")
GRAPH_RULE = {"name": "gamma", "gamma": 0.01}
# It becomes a part of paths and of words in a shell.
Identity = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]


def _source(value: Any) -> Any:
    if isinstance(value, Mapping) and "source" in value:
        return {"name": value["source"], "options": {k: v for k, v in value.items() if k != "source"}}
    if isinstance(value, Named):
        return value
    has = f"; it has {listed(value)}" if isinstance(value, Mapping) else ""
    raise ValueError(f"it needs 'source', the name of a reader{has}")


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


Normalise = Literal["none", "minmax", "minmax-all", "zscore"]


class Learn(Strict):
    """What a model learns from: everything as it is, unless a bias is to be planted or removed.

    label: the column that is learnt. where: only samples whose column holds one of the values. view: another version of
    the same samples (``clean``: without a planted artefact). Scores and explanations are of all samples as given.
    """

    label: str = "label"
    where: dict[str, tuple[Any, ...]] = Field(default={})
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
    """One way to explain: a method of ``biox.explain``, for a score.

    method: a name such as ``lrp`` or ``integrated_gradients``, with its settings: ``{name: smoothgrad, noise: 0.1}``.
    Graph studies have ``lrp`` and, as a control beside it, ``expected_gradients``. composite: the rules of ``lrp``.
    target: the score of the true ``label``, the ``dominant`` class, a class by name, or ``"CLASS - OTHER"``.
    samples: whether every sample is explained by every fold's model, or only by the one that did not see its person.
    """

    method: Choice = Named(name="lrp")
    composite: Choice = Named(name="epsilon-plus")
    target: str = "label"
    samples: Literal["all", "test"] = "all"

    @model_validator(mode="after")
    def _rules_of_lrp(self) -> "Method":
        if self.method.name != "lrp" and "composite" in self.model_fields_set:
            raise ValueError(f"'composite' is for the method lrp, not for {self.method.name!r}")
        if self.method.name == "lrp" and self.method.options:
            raise ValueError("the rules of lrp stand beside the method, not in it: 'composite: ...'")
        return self

    @property
    def divides_score(self) -> bool:
        """Whether the values promise to add up to the whole score: those of LRP do.

        Integrated gradients, Shapley values and the like divide the distance to a baseline's score, others nothing.
        """
        return self.method.name == "lrp"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the method, as ``biox.explain.settings_of`` takes them."""
        return {"composite": self.composite} if self.method.name == "lrp" else self.method.options


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
    variants: dict[Identity, Variant] = Field(default={})
    methods: dict[Identity, Method] = Field(default={"lrp": Method()})
    validate_: dict[str, Any] = Field(default={}, alias="validate")
    graph: Graph | None = None
    trust: Trust = Trust()
    report: Report = Report()
    compute: Compute = Compute()
    predict: dict[Identity, Source] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _graph_defaults(cls, given: Any) -> Any:
        """A study of proteins draws graphs: it has the settings of a graph study, its network and its rule."""
        if not isinstance(given, Mapping) or given.get("domain") not in GRAPH_DOMAINS:
            return given
        return {"graph": {}, "model": "masked_mlp", "methods": {"lrp": {"composite": GRAPH_RULE}}, **given}

    @model_validator(mode="after")
    def _main_is_reserved(self) -> "Study":
        if "main" in self.variants:
            raise ValueError("a variant may not be called 'main': that is the study as it stands")
        if not self.methods:
            raise ValueError("'methods' is empty; a study needs at least one method")
        strange = [m.method.name for m in self.methods.values() if m.method.name not in GRAPH_METHODS]
        if self.graph is not None and strange:
            raise ValueError(f"a graph study explains by {' or '.join(GRAPH_METHODS)}, not by {strange[0]!r}")
        if self.graph is not None and next(iter(self.methods.values())).method.name != "lrp":
            raise ValueError("the first method of a graph study draws its graphs and is lrp; name another one after it")
        if self.graph is not None and any(m.method.options for m in self.methods.values()):
            raise ValueError(
                "expected_gradients of a graph study has no settings of its own: it draws one sample and one point for "
                "each mask, so 'graph: masks' says how many"
            )
        if self.graph is not None and self.compute.shards > 1:
            raise ValueError("a graph study is cut by 'graph: shards'; leave out 'compute: shards'")
        if (self.graph is not None) != (self.domain in GRAPH_DOMAINS):
            raise ValueError(f"'graph' is for studies of the domain {', '.join(GRAPH_DOMAINS)}")
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
