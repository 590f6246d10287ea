"""How far may a graph study be believed? Prediction, agreement with known graphs, differences, and what deceives."""

from pathlib import Path

import numpy as np
from pydantic import Field

from biox.core.evidence import joined
from biox.core.study import Identity, Strict
from biox.core.types import Evidence, claims_table
from biox.domains.proteomics import enrichment as pathways_of
from biox.domains.proteomics.accuracy import accuracy
from biox.domains.proteomics.benchmark import Plan, benchmark
from biox.domains.proteomics.confounded import confounded
from biox.domains.proteomics.direction import direction
from biox.domains.proteomics.edges_found import edges_found
from biox.domains.proteomics.found import Found, arms, fold_of, standardised
from biox.domains.proteomics.graph_scores import OWN, Scored, scored
from biox.domains.proteomics.halves import halves
from biox.domains.proteomics.individual import individual
from biox.domains.proteomics.known import Known, Reference, grouped, known, present
from biox.domains.proteomics.parts_benchmark import parts_benchmark
from biox.domains.proteomics.same_protein import Genes, genes_of, same_protein
from biox.domains.proteomics.stability import stability
from biox.domains.proteomics.strengths import Strengths, ordered, strengths, unordered
from biox.domains.proteomics.types_differ import types_differ


class ProteomicsValidation(Strict):
    """How a graph study is validated.

    known: graphs to compare with, by name. pathways: a ``.gmt`` or ``.gmt.gz`` file of gene symbols. genes: a table
    from proteins to gene symbols; left out, a protein's name without its phosphorylation site is its gene. top: how
    many of the strongest edges are looked at, a quarter of all pairs at most. draws: resamples of the patients.
    permutations: shufflings of a known graph, and of the nodes among pathways five times as many. repeats: cuts of the
    patients in two. confounders: variants that take a confounder away; left out, those called ``centred...`` and those
    that leave samples out. alpha: of every correction for many tests. seed: of all this.
    """

    known: dict[Identity, Reference] = Field(default={})
    pathways: Path | None = None
    genes: Genes | None = None
    top: int = Field(default=100, ge=5)
    draws: int = Field(default=200, ge=50)
    permutations: int = Field(default=2000, ge=200)
    repeats: int = Field(default=20, ge=2)
    confounders: tuple[str, ...] | None = None
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    seed: int = 0


def validate(found: Found, *, settings: ProteomicsValidation) -> Evidence:
    """All evidence for or against the graphs of a study; what does not apply is left out.

    The average graph is the median over samples of the undirected strengths 0.5 (|R_ij| + |R_ji|); where a known graph
    has directions, the median of |R_ij| is held against them.
    """
    proteins = found.graphs.proteins
    read = [known(name, one, proteins) for name, one in settings.known.items()]
    references = [present(one, found.cohort.samples) for one in read]
    main = strengths(found.influences["main"], found.cohort.samples, unordered(len(proteins)))
    undirected = scored(found, main, draws=settings.draws, seed=settings.seed)
    average = undirected.value[OWN]
    top = min(settings.top, len(average) // 4)
    settings = settings.model_copy(update={"top": top})
    own = found.cohort.samples["sample"].isin(main.samples["sample"]).to_numpy()
    predicted = found.graphs.nodes.set_index("protein")["predicted"].loc[list(proteins)].to_numpy(bool)
    # A protein that cannot be predicted has no edges, here as in the graphs.
    edges = np.where(predicted[main.pairs.a] & predicted[main.pairs.b], average, np.nan)
    return joined(
        [
            accuracy(found, draws=settings.draws, seed=settings.seed),
            edges_found(found),
            *_against_known(found, main, undirected, references, settings),
            types_differ(main, proteins, predicted, fold_of(found)[own], settings.alpha, standardised(found)[own]),
            _pathways(found, edges, main, settings),
            confounded(found, edges, main.pairs, settings.confounders, top),
            *_two_halves(found, main, settings),
            stability(found, main, average, top),
        ]
    )


def _against_known(
    found: Found, main: Strengths, undirected: Scored, references: list[Known], settings: ProteomicsValidation
) -> list[Evidence]:
    proteins = found.graphs.proteins
    same = same_protein(proteins, genes_of(proteins, settings.genes))
    plan = Plan(settings.top, settings.permutations, settings.seed)
    parts = [benchmark(undirected, one, proteins, same, plan) for one in references]
    draws = {"draws": settings.draws, "seed": settings.seed}
    parts.append(parts_benchmark(found, references, same, main.pairs, plan, settings.draws))
    parts += [individual(found, main, one, undirected, **draws) for one in references if grouped(one)]
    pointing = [one for one in references if one.directed]
    if pointing:
        both = strengths(found.influences["main"], found.cohort.samples, ordered(len(proteins)))
        directed = scored(found, both, **draws)
        parts += [benchmark(directed, one, proteins, same, plan) for one in pointing]
        parts += [direction(directed, one, proteins) for one in pointing]
    return parts


def _pathways(found: Found, edges: np.ndarray, main: Strengths, settings: ProteomicsValidation) -> Evidence:
    if settings.pathways is None:
        return Evidence(claims_table([]), {})
    proteins = found.graphs.proteins
    symbols = genes_of(proteins, settings.genes)
    members = pathways_of.pathway_members(pathways_of.read_pathways(settings.pathways), proteins, symbols)
    plan = pathways_of.Plan(settings.top, 5 * settings.permutations, settings.alpha, settings.seed)
    tested = pathways_of.enrichment(edges, main.pairs, proteins, same_protein(proteins, symbols), members, plan)
    return Evidence(tested.claims, {**tested.tables, "pathway_members": members})


def _two_halves(found: Found, main: Strengths, settings: ProteomicsValidation) -> list[Evidence]:
    parts = []
    for arm in arms(found):
        own = main if arm == "main" else strengths(found.influences[arm], found.cohort.samples, main.pairs)
        parts.append(halves(arm, own, top=settings.top, repeats=settings.repeats, seed=settings.seed))
    return parts
