"""Halves of the patients, folds and seeds, and edges that vanish when a confounder is taken away."""

from dataclasses import replace

import numpy as np
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.compared import alike
from biox.domains.proteomics.confounded import confounded, controls
from biox.domains.proteomics.halves import halves
from biox.domains.proteomics.medians import medians
from biox.domains.proteomics.stability import stability
from biox.domains.proteomics.strengths import strengths, unordered

from .made_found import Planted, dense, found, influence

EDGES = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (6, 7), (8, 9), (2, 10)]


def _main(one):
    return strengths(one.influences["main"], one.cohort.samples, unordered(len(one.graphs.proteins)))


def _with(one, **variants):
    return replace(one, influences={**one.influences, **{n.replace("_", "-"): v for n, v in variants.items()}})


def test_alike_counts_ranks_and_the_strongest_in_common():
    one = np.array([5.0, 4, 3, 2, 1, np.nan])
    assert alike(one, one, 2) == pytest.approx({"rank correlation": 1, "share of top 2 in common": 1})
    assert alike(one, -one, 2)["rank correlation"] == pytest.approx(-1)
    assert alike(one, np.array([5.0, 1, 4, 2, 3, 9]), 2)["share of top 2 in common"] == 0.5


def test_halves_agree_on_planted_edges_and_not_on_noise():
    values = {}
    for name, planted in {"edges": Planted({"": EDGES}), "noise": Planted({})}.items():
        table = halves("main", _main(found(planted, samples=120)), top=8, repeats=20, seed=0).tables["halves"]
        values[name] = table.set_index("measure")
    assert values["edges"].loc["share of top 8 in common", "value"] > 0.95
    # Halves of noise share what chance shares: 8 of 66.
    assert values["noise"].loc["share of top 8 in common", "value"] < 0.3
    assert abs(values["noise"].loc["rank correlation", "value"]) < 0.2
    assert values["edges"].loc["rank correlation", "n"] == 120


def test_patients_are_never_in_both_halves():
    # Every patient has two equal samples, all else is noise: halves by sample would agree on it.
    one = found(samples=120, twice=60, types=("a",))
    values = np.random.default_rng(0).normal(size=(60, 12, 12)).astype(np.float32)
    same = influence(one.cohort, np.concatenate([values, values]))
    table = halves("main", _main(_with(one, main=same)), top=8, repeats=20, seed=0).tables["halves"]
    assert abs(table.set_index("measure").loc["rank correlation", "value"]) < 0.25
    assert (table["n"] == 60).all()


def test_too_few_patients_have_no_halves():
    assert not halves("main", _main(found(samples=7, types=("a",))), top=8, repeats=20, seed=0).tables


def test_stability_compares_folds_and_seeds():
    one = found(Planted({"": EDGES}))
    again = found(Planted({"": EDGES}), seed=7)
    one = _with(one, seed_1=influence(one.cohort, dense(again), "seed-1"))
    main = _main(one)
    table = stability(one, main, medians(main), 8).tables["stability"].set_index(["kind", "measure"])["value"]
    assert set(table.index.get_level_values("kind")) == {"folds", "seeds"}
    assert (table.xs("share of top 8 in common", level="measure") > 0.95).all()
    assert (table.xs("rank correlation", level="measure") < 0.9).all()  # the other pairs are noise
    alone = found()
    kinds = stability(alone, _main(alone), medians(_main(alone)), 8).tables["stability"]["kind"]
    assert set(kinds) == {"folds"}


def test_edges_that_only_a_difference_of_cohorts_made_vanish_and_true_ones_stay():
    real, spurious = EDGES[:4], EDGES[4:]
    one = found(Planted({"": EDGES}))
    centred = found(Planted({"": real}), seed=3)
    seed = found(Planted({"": EDGES}), seed=4)
    one = _with(
        one,
        centred=influence(one.cohort, dense(centred), "centred"),
        seed_1=influence(one.cohort, dense(seed), "seed-1"),
    )
    main = _main(one)
    evidence = confounded(one, medians(main), main.pairs, None, 8)
    table = evidence.tables["confounders"]
    assert set(table["by"]) == {"centred"}
    names = np.array(one.graphs.proteins)
    kept = {(names[i], names[j]) for i, j in real}
    away = table[table["vanishes"]]
    assert not set(zip(away["a"], away["b"], strict=True)) & kept
    # Beyond rank 33 of 66: an edge without influence stays among the others by chance.
    assert 1 <= len(away) <= len(spurious)
    assert (table["rank"] == np.arange(1, 9)).all()
    claims = evidence.claims.set_index("group")["value"]
    assert claims["seed-1"] == 0


def test_arms_of_fewer_samples_and_centred_ones_are_controls_and_others_are_not():
    one = found()
    main = one.influences["main"]
    half = replace(main, variant="alone", values=main.values[:40], samples=main.samples[:40])
    one = _with(one, centred_batch=main, deeper=main, alone=half, seed_1=main, null_0=main)
    assert controls(one, None) == ["centred-batch", "alone"]
    assert controls(one, ("deeper",)) == ["deeper"]
    with pytest.raises(InputError, match="'other'"):
        controls(one, ("other",))
