"""Which explanation method tells the truth where? Every method on worlds whose evidence is known, ten seeds each.

    nice -n 10 python bench/truth.py --kept FOLDER        # a quarter of an hour on one free core
    python bench/truth.py --seeds 1 --tasks addition,gait  # a quick look, written nowhere

A seed draws the world, its network's first weights and the order of its training. Each method of ``biox.explain`` gets
its defaults (and LRP further rules), with the task's groups where it takes features away in groups, and explains new
samples that the network answers rightly. Beside them stand maps that know nothing of the model, and LRP maps that were
made wrong. A network that has not learnt its task is not explained, and the table says so. Their
records are kept in FOLDER, world by world: a run that was interrupted goes on where it stopped, and a
later one asks only those methods that are new (after a change of an old one, begin with an empty folder). Measures:
``truth_measures``; what the table says: ``truth_summary``; the page docs/which-method.md: ``truth_page``.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from truth_measures import chances, measured
from truth_methods import asked, controls
from truth_page import page
from truth_summary import Records, shown, summary
from truth_tasks import EXPLAINED, TASKS, Case, Task

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "bench" / "results" / "truth.json", ROOT / "docs" / "which-method.md"


def main() -> None:
    """Learn, explain, measure; print the table, and write it where records were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--tasks", default=",".join(task.name for task in TASKS), help="names, with commas between")
    parser.add_argument("--kept", type=Path, help="folder of records; with it, results are written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = [name.strip() for name in options.tasks.split(",")]
    found = summary(gathered([task for task in TASKS if task.name in names], range(options.seeds), options.kept))
    found |= {"torch": torch.__version__, "samples": EXPLAINED}
    print(shown(found))
    if options.kept:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(found), encoding="utf-8")


def gathered(tasks: Sequence[Task], seeds: Sequence[int], folder: Path | None) -> Records:
    """The records of all worlds, from the folder as far as it has them."""
    records = []
    for seed in seeds:
        for task in tasks:
            start = time.process_time()
            if folder is None:
                records.append(of_world(task.make(seed), task, seed, {}))
            else:
                records.append(_kept(task, seed, folder / f"{task.name}-{seed}"))
            print(f"{task.name}, seed {seed}: {time.process_time() - start:.0f} s", file=sys.stderr, flush=True)
    return records


def _kept(task: Task, seed: int, place: Path) -> dict[str, Any]:
    """The record of one world; its network is learnt anew, the methods of an earlier record are not asked again."""
    file = place.with_suffix(".json")
    place.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    record = of_world(task.make(seed), task, seed, before)
    file.write_text(json.dumps(record), encoding="utf-8")
    return record


def of_world(case: Case, task: Task, seed: int, before: Mapping[str, Any]) -> dict[str, Any]:
    """How well a world was learnt, and every measure of every map; methods of an earlier record are not asked again."""
    if case.learnt < task.enough:
        return {"task": task.name, "seed": seed, "learnt": case.learnt}
    evidence = case.judged(case.world.evidence.float())
    evidence = evidence if case.world.evidence.is_floating_point() else evidence > 0
    record = {"task": task.name, "seed": seed, "learnt": case.learnt, "chance": chances(evidence)}
    earlier = {kind: dict(before.get(kind, {})) for kind in ("methods", "refused", "warned", "seconds of method")}
    told = asked(case, task, without=earlier["methods"].keys() | earlier["refused"].keys())
    maps = {name: case.judged(one.map) for name, one in told.items() if one.map is not None}
    found = {
        "methods": {name: measured(one, evidence) for name, one in maps.items()},
        "refused": {name: one.reason for name, one in told.items() if one.map is None},
        "warned": {name: one.warning for name, one in told.items() if one.warning},
        "seconds of method": {name: told[name].seconds / len(case.world.x) for name in maps},
    }
    wrong = {name: measured(one, evidence) for name, one in controls(case, seed).items()}
    return record | {kind: earlier[kind] | found[kind] for kind in found} | {"controls": wrong}


if __name__ == "__main__":
    main()
