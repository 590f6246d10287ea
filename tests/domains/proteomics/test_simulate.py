"""Simulated protein tables: what the truth says is in the data, and what it does not say is not."""

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError

from biox.core.errors import InputError
from biox.core.find import bind
from biox.core.find import known as readers
from biox.domains.proteomics.block_tables import blocks, weights
from biox.domains.proteomics.known import Reference, known, matrices
from biox.domains.proteomics.noise_tables import noise_table, planted_table
from biox.domains.proteomics.regulation_tables import CURVES, regulation
from biox.domains.proteomics.simulate import KINDS, write
from biox.domains.proteomics.simulation import Simulation
from biox.domains.proteomics.table import table
from biox.domains.proteomics.wiring import RESPONSES, wiring

REGULATION = Simulation(proteins=24, samples=600, modules=3, seed=1)
BLOCKS = Simulation(kind="blocks", proteins=32, samples=2000)


def _wiring(settings):
    return wiring(np.random.default_rng([settings.seed, 0]), settings)


def _corr(x):
    return np.abs(np.corrcoef(x.T.astype(float)))


# ---- regulation


def test_every_edge_goes_forward_so_there_is_no_loop():
    for seed in range(10):
        settings = REGULATION.model_copy(update={"seed": seed})
        network = _wiring(settings)
        rank = np.argsort(network.order)
        edges = np.argwhere(regulation(settings, 30).union)
        assert len(edges) > 20
        assert (rank[edges[:, 0]] < rank[edges[:, 1]]).all()


def test_feedbacks_close_loops_and_nothing_runs_away():
    settings = REGULATION.model_copy(update={"feedbacks": 3})
    made, plain = regulation(settings, 600), regulation(REGULATION, 600)
    rank = np.argsort(_wiring(settings).order)
    backward = [(s, t) for s, t in np.argwhere(made.union) if rank[s] > rank[t]]
    assert len(backward) == 3
    reach = np.linalg.matrix_power((made.union + np.eye(24)).astype(float), 24) > 0
    assert all(reach[t, s] for s, t in backward)
    z = (made.x - made.x.mean(0)) / made.x.std(0)
    assert np.abs(z).max() < 7
    assert not np.allclose(made.x, plain.x)


def test_each_protein_has_at_most_the_regulators_asked_for():
    for most in (1, 4):
        union = regulation(REGULATION.model_copy(update={"regulators": most}), 30).union
        assert 1 <= union.sum(0).max() <= most
        assert not union.diagonal().any()


def test_switched_edges_are_off_in_some_subgroup_and_on_in_another():
    share = []
    for seed in range(20):
        made = regulation(REGULATION.model_copy(update={"seed": seed, "switched": 0.4}), 30)
        on = np.array([effect != 0 for effect in made.effects.values()])[:, made.union]
        assert on.any(0).all()
        share.append(1 - on.all(0).mean())
    assert np.mean(share) == pytest.approx(0.4, abs=0.06)


def test_without_switches_all_subgroups_have_the_same_graph():
    made = regulation(REGULATION.model_copy(update={"switched": 0.0}), 30)
    first, *others = made.effects.values()
    assert all((first == other).all() for other in others)


def test_a_target_follows_its_regulators_in_the_groups_where_their_edges_are_on_and_not_elsewhere():
    # Each subgroup regressed on the responses themselves: the weights come back where an edge is on, 0 where it is off.
    settings = REGULATION.model_copy(update={"regulators": 2, "noise": 0.3, "seed": 2})
    made, network = regulation(settings, 6000), _wiring(settings)
    z = (made.x - made.x.mean(0)) / made.x.std(0)
    for target, them in network.regulators.items():
        parts = zip(them.source, them.response, them.threshold, strict=True)
        drives = np.stack([CURVES[RESPONSES[kind]](z[:, s] - threshold) for s, kind, threshold in parts], axis=1)
        found, errors = [], []
        for group in sorted(set(made.groups)):
            rows = made.groups == group
            design = np.column_stack([drives[rows], np.ones(rows.sum())])
            weight, left, _, _ = np.linalg.lstsq(design, z[rows, target], rcond=None)
            found.append(weight[:-1])
            errors.append(np.sqrt(left / rows.sum() * np.diag(np.linalg.inv(design.T @ design)))[:-1])
        expected = them.weight * them.on
        # The level was divided by one sd for all groups, which is the same for all weights of the target.
        scale = (np.array(found) * expected).sum() / (expected**2).sum()
        assert (np.abs(np.array(found) - scale * expected) < 4.5 * np.array(errors)).all()
        assert np.max(errors) < 0.3 * np.abs(scale * them.weight).min()


def test_effects_are_the_weights_of_the_edges_that_are_on():
    made, network = regulation(REGULATION, 30), _wiring(REGULATION)
    for group, effect in enumerate(made.effects.values()):
        for target, them in network.regulators.items():
            np.testing.assert_array_equal(effect[them.source, target], them.weight * them.on[group])
            assert np.count_nonzero(effect[:, target]) == them.on[group].sum()


def test_noise_hides_edges_and_strength_shows_them():
    def contrast(**change):
        made = regulation(REGULATION.model_copy(update=change), 600)
        return _corr(made.x)[made.union].mean()

    assert contrast(noise=0.2) > contrast() > contrast(noise=2.0)
    assert contrast(strength=4.0) > contrast() > contrast(strength=0.2)


def test_subgroups_are_equal_in_number_in_random_order_and_shift_only_where_asked():
    made = regulation(REGULATION.model_copy(update={"shift": 0.0, "switched": 0.0}), 600)
    assert pd.Series(made.groups).value_counts().tolist() == [200, 200, 200]
    assert (made.groups[1:] == made.groups[:-1]).mean() < 0.45
    z = (made.x - made.x.mean(0)) / made.x.std(0)
    means = np.array([z[made.groups == group].mean(0) for group in set(made.groups)])
    assert np.abs(means).max() < 4 / np.sqrt(200)
    shifted = regulation(REGULATION.model_copy(update={"shift": 2.0}), 600)
    assert np.ptp([shifted.x[shifted.groups == g].mean(0) for g in set(shifted.groups)], axis=0).max() > 1


def test_more_samples_leave_the_graph_as_it_is():
    few, many = regulation(REGULATION, 30), regulation(REGULATION, 300)
    for group in few.effects:
        np.testing.assert_array_equal(few.effects[group], many.effects[group])


def test_most_regulators_are_of_the_own_module():
    made = regulation(Simulation(proteins=60), 30)
    module = {protein: name for name, proteins in made.modules.items() for protein in proteins}
    assert len(module) == 60
    edges = made.edges().drop_duplicates(["source", "target"])
    assert 0.7 < (edges["source"].map(module) == edges["target"].map(module)).mean() < 0.97


def test_the_default_is_hard_for_linear_methods_and_not_hopeless():
    from sklearn.metrics import average_precision_score

    from biox.graphs.baselines import partial, pearson

    made = regulation(Simulation(), 400)
    pairs = np.triu_indices(60, 1)
    truth = (made.union | made.union.T)[pairs]
    for method in (pearson, partial):
        assert 4 * truth.mean() < average_precision_score(truth, method(made.x)[pairs]) < 0.8


def test_a_humped_response_is_not_a_correlation():
    z = np.random.default_rng(0).standard_normal(100_000)
    assert abs(np.corrcoef(z, CURVES["hump"](z))[0, 1]) < 0.02
    assert np.corrcoef(z, CURVES["switch"](z))[0, 1] > 0.8
    assert (CURVES["threshold"](np.array([-3.0, -0.1])) == 0).all()


# ---- blocks


@pytest.mark.parametrize("active", ["all", "one"])
def test_proteins_of_a_block_correlate_more_than_others(active):
    made = blocks(BLOCKS.model_copy(update={"active": active}), 2000)
    within = made.union
    between = ~within & ~np.eye(32, dtype=bool)
    r = _corr(made.x)
    assert np.median(r[within]) > 1.4 * np.median(r[between])
    assert within.sum() == 4 * 8 * 7
    np.testing.assert_array_equal(within, within.T)


def test_only_the_active_block_moves_in_a_heterogeneous_table():
    made = blocks(BLOCKS.model_copy(update={"active": "one"}), 2000)
    assert list(made.groups[::500]) == ["block-0", "block-1", "block-2", "block-3"]
    for k, group in enumerate(made.effects):
        sd = made.x[made.groups == group].std(0).reshape(4, 8).mean(1)
        assert sd.argmax() == k
        assert sd[k] > 10 * np.delete(sd, k).max()
        assert (
            made.of_sample(500 * k)[8 * k : 8 * k + 8, 8 * k : 8 * k + 8].sum() == made.of_sample(500 * k).sum() == 56
        )


def test_any_number_of_proteins_blocks_and_samples():
    made = blocks(Simulation(kind="blocks", proteins=50, blocks=7, active="one"), 101)
    assert made.x.shape == (101, 50)
    assert sorted(len(proteins) for proteins in made.modules.values()) == [7] * 6 + [8]
    assert pd.Series(made.groups).value_counts().isin([14, 15]).all()


def _released(shared_data, name):
    file = shared_data / "keyl2022-synthetic" / f"artificial_{name}.csv.gz"
    return pd.read_csv(file, index_col=0).to_numpy()


def test_released_table_solves_to_hidden_values_that_are_nowhere_negative(shared_data):
    # The order of the draws from torch's seed 0: a start, then twice a diagonal and a matrix.
    generator = torch.Generator().manual_seed(0)
    torch.rand(32, generator=generator)
    drawn = [(torch.rand(32, generator=generator), torch.rand(32, 32, generator=generator)) for _ in range(2)]
    graph = np.kron(np.eye(4), np.ones((8, 8)))
    first, second = (weights(u.numpy().astype(float), d.numpy().astype(float), graph) for d, u in drawn)
    hidden = np.arctanh(_released(shared_data, "homogeneous")) @ np.linalg.inv(second).T
    largest = np.abs(hidden).max()
    assert hidden.min() > -1e-4 * largest
    assert 0.3 < (hidden < 1e-4 * largest).mean() < 0.5
    # Before the ReLU, the median is W1 times 1/2: seen wherever more than half of the values are positive.
    centre = first @ np.full(32, 0.5)
    seen = centre > 0.2 * hidden.std(0)
    assert seen.sum() > 5
    np.testing.assert_allclose(np.median(hidden, 0)[seen], centre[seen], atol=0.1 * hidden.std(0).max())


@pytest.mark.parametrize(("active", "name"), [("all", "homogeneous"), ("one", "heterogeneous")])
def test_simulated_blocks_look_like_the_released_ones(shared_data, active, name):
    def looks(x):
        within = np.kron(np.eye(4), np.ones((8, 8))) > 0
        r, sd = _corr(x), x.std(0)
        skew = np.abs((((x - x.mean(0)) / sd) ** 3).mean(0))
        off = within & ~np.eye(32, dtype=bool)
        return [
            np.median(sd),
            np.median(skew),
            (x > 0).mean(),
            (x == 0).mean(),
            np.median(r[off]),
            np.median(r[~within]),
        ]

    ours = [
        looks(blocks(BLOCKS.model_copy(update={"active": active, "seed": s}), 1000).x.astype(float)) for s in range(40)
    ]
    low, high = np.min(ours, axis=0), np.max(ours, axis=0)
    released = looks(_released(shared_data, name))
    assert ((low <= released) & (released <= high)).all()


# ---- tables without, and with one, relation


def test_noise_has_no_relations_and_its_distributions_differ_when_skewed():
    made = noise_table(4000, 20, seed=0, skew=1.0)
    assert not made.union.any()
    off = ~np.eye(20, dtype=bool)
    assert _corr(made.x)[off].max() < 5 / np.sqrt(4000)
    z = (made.x - made.x.mean(0)) / made.x.std(0)
    skew = (z**3).mean(0)
    assert abs(skew[0]) < 0.2
    assert skew[-1] > 2
    assert not np.array_equal(made.x, noise_table(4000, 20, seed=1, skew=1.0).x)


def test_planted_pairs_have_the_size_that_was_asked_for():
    made = planted_table(20_000, 10, pairs=2, correlation=-0.3, seed=0)
    r = np.corrcoef(made.x.T)
    expected = np.eye(10)
    for i, j in ((0, 1), (2, 3)):
        expected[i, j] = expected[j, i] = -0.3
    np.testing.assert_allclose(r, expected, atol=0.03)
    np.testing.assert_array_equal(made.union, (expected != 0) & ~np.eye(10, dtype=bool))
    with pytest.raises(InputError, match="two proteins each"):
        planted_table(100, 10, pairs=6, correlation=0.3, seed=0)


# ---- files


def _read(folder):
    return (pd.read_csv(folder / f"{name}.csv") for name in ("proteins", "samples", "truth"))


def test_files_hold_the_table_the_sheet_and_the_truth(tmp_path):
    write(REGULATION, tmp_path)
    proteins, samples, truth = _read(tmp_path)
    made = regulation(REGULATION, 600)
    assert list(proteins) == ["sample", *made.proteins]
    np.testing.assert_allclose(proteins.drop(columns="sample"), made.x, rtol=1e-6)
    assert list(samples) == ["sample", "patient", "type", "batch", "group"]
    assert samples["patient"].is_unique
    assert (samples["sample"] == proteins["sample"]).all()
    assert (samples["group"] == made.groups).all()
    assert list(truth) == ["source", "target", "group", "effect"]
    for group, effect in made.effects.items():
        back = np.zeros((24, 24))
        rows = truth[truth["group"] == group]
        at = pd.Index(made.proteins)
        back[at.get_indexer(rows["source"]), at.get_indexer(rows["target"])] = rows["effect"]
        np.testing.assert_allclose(back, effect, rtol=1e-6)


@pytest.mark.parametrize("settings", [REGULATION, BLOCKS.model_copy(update={"active": "one", "missing": 0.1})])
def test_what_is_written_is_what_a_study_reads(tmp_path, settings):
    write(settings, tmp_path)
    made = KINDS[settings.kind](settings, settings.samples)
    options = {"file": tmp_path / "proteins.csv", "sheet": tmp_path / "samples.csv"}
    cohort = table(**bind(table, options, "data"))
    assert cohort.axes[0].labels == made.proteins
    assert (cohort.samples["label"].to_numpy() == made.groups).all()
    assert np.isnan(cohort.x).mean() == pytest.approx(settings.missing, abs=0.02)
    measured = ~np.isnan(cohort.x)
    np.testing.assert_allclose(np.asarray(cohort.x)[measured], made.x[measured], rtol=1e-5)
    reference = Reference(file=tmp_path / "truth.csv", directed=made.directed)
    truth = matrices(known("truth", reference, made.proteins), made.proteins, list(made.effects))
    for group, effect in made.effects.items():
        np.testing.assert_array_equal(truth[group], effect != 0)


def test_a_pair_without_direction_is_listed_once(tmp_path):
    write(BLOCKS, tmp_path)
    _, samples, truth = _read(tmp_path)
    assert len(truth) == 4 * 28
    assert set(truth["group"]) == set(samples["group"]) == {"all"}
    assert not truth[["source", "target"]].apply(lambda row: tuple(sorted(row)), axis=1).duplicated().any()


def test_pathways_are_the_modules_and_as_many_decoys(tmp_path):
    write(REGULATION, tmp_path)
    sets = {
        line[0]: line[2:]
        for line in (text.split("\t") for text in (tmp_path / "pathways.gmt").read_text().splitlines())
    }
    modules = regulation(REGULATION, 30).modules
    assert {name: tuple(sets[name]) for name in modules} == modules
    assert [len(sets[f"decoy-{k}"]) for k in (1, 2, 3)] == [len(m) for m in modules.values()]
    assert len(sets) == 6
    assert all(len(set(proteins)) == len(proteins) for proteins in sets.values())


def test_missing_values_are_the_share_asked_for_and_nothing_else_changes(tmp_path):
    for name, share in (("whole", 0.0), ("gaps", 0.2)):
        write(REGULATION.model_copy(update={"missing": share}), tmp_path / name)
    (whole, *_), (gaps, *_) = _read(tmp_path / "whole"), _read(tmp_path / "gaps")
    gone = gaps.isna().to_numpy()
    assert gone[:, 1:].mean() == pytest.approx(0.2, abs=0.02)
    assert not gone[:, 0].any()
    assert (gaps.to_numpy()[~gone] == whole.to_numpy()[~gone]).all()


def test_batches_shift_proteins_and_are_alike_in_all_types(tmp_path):
    write(REGULATION.model_copy(update={"batches": 3, "batch_shift": 2.0}), tmp_path)
    proteins, samples, _ = _read(tmp_path)
    assert samples["batch"].value_counts().tolist() == [200, 200, 200]
    assert pd.crosstab(samples["batch"], samples["type"]).to_numpy().min() > 40
    z = proteins.drop(columns="sample").apply(lambda v: (v - v.mean()) / v.std())
    between = z.groupby(samples["batch"].to_numpy()).mean().std()
    assert between.median() > 0.5


def test_equal_settings_give_equal_files_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(REGULATION.model_copy(update={"seed": seed, "missing": 0.1, "new": 5}), tmp_path / name)
    files = sorted(f.name for f in (tmp_path / "a").iterdir())
    assert files == ["new_proteins.csv", "new_samples.csv", "pathways.gmt", "proteins.csv", "samples.csv", "truth.csv"]
    for file in files:
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b
        assert a != c


def test_new_patients_are_in_no_other_file_and_of_the_same_kind(tmp_path):
    write(BLOCKS.model_copy(update={"new": 200, "active": "one"}), tmp_path)
    samples, new = (pd.read_csv(tmp_path / f"{start}samples.csv") for start in ("", "new_"))
    assert (len(samples), len(new)) == (2000, 200)
    assert not set(samples["patient"]) & set(new["patient"])
    assert set(new["type"]) == set(samples["type"])
    assert len(pd.read_csv(tmp_path / "new_proteins.csv")) == 200


# ---- settings


def test_settings_of_the_other_kind_are_refused():
    with pytest.raises(ValidationError, match="kind: blocks has no 'noise', 'subgroups'"):
        Simulation(kind="blocks", noise=0.1, subgroups=2)
    with pytest.raises(InputError, match="kind: regulation has no 'blocks'"):
        bind(write, {"blocks": 4}, "config")


def test_tables_too_small_for_their_parts_are_refused():
    with pytest.raises(ValidationError, match="modules need at least 4 proteins each; 20"):
        Simulation(proteins=20)
    with pytest.raises(ValidationError, match="fewer than the 30 groups"):
        Simulation(kind="blocks", blocks=30, proteins=60, active="one", samples=20)


def test_no_part_of_the_simulator_poses_as_a_reader():
    ours = {"simulate", "simulation", "simulated", "block_tables", "regulation_tables", "noise_tables", "wiring"}
    assert not ours & set(readers("biox.domains.proteomics"))
