"""Tiny studies of all three domains in which every name that a file can give is markup that would run a script."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from biox.cli import main
from biox.core.studies import load_yaml

IMAGE = "<img src=x onerror=window.hacked=1>"
SCRIPT = "</script><script>window.hacked=1;alert(1)</script>"
QUOTES = "\"'&<svg/onload=window.hacked=1>`${window.hacked=1}"
TRUST = {"samples": 6, "steps": 5, "draws": 8, "changes": 1}
CONFIG = Path(__file__).parents[1]


def evil(name: object) -> str:
    """A name that breaks out of attributes, elements, scripts and quotes, wherever one of them does not escape it."""
    return f"{name} {IMAGE}{SCRIPT}{QUOTES}"


def named(study: dict) -> dict:
    """The settings with a title and question that are markup, and with names shown as they are."""
    return study | {"title": evil("title"), "question": evil("why"), "report": {"identities": "as given"}}


def run(folder: Path, study: dict, steps: list[str]) -> None:
    """Write the study file and run commands; ``{}`` is the folder of results."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    name = study["name"]
    (config / f"{name}.yaml").write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
    for step in steps:
        verb, *words = step.format(folder / "results" / name).split()
        places = ["--config", str(config), "--results", str(folder / "results")]
        assert main([verb, name, *words, *places]) == 0, step


def chain(of: list[str], folds: int = 3) -> list[str]:
    """The commands of a whole study: ``of`` are those of one fold, with ``{k}`` for its number."""
    each = [step.replace("{k}", str(k)) for k in range(folds) for step in of]
    return ["ingest --out {}/cohort", *each]


def gait(folder: Path) -> Path:
    """The report of people, classes, channels, covariates, units and labels that are markup."""
    rng, points = np.random.default_rng(0), np.arange(101)
    channels, rows = [evil(f"channel {c}") for c in "AV"], []
    for person in range(9):
        ill = person % 2
        for trial in (1, 2):
            for c, channel in enumerate(channels):
                value = np.sin(points / 30 + c) / 2 + ill * 0.2 + rng.normal(0, 0.05, 101)
                rows.append(
                    pd.DataFrame(
                        {
                            "subject": evil(f"person {person}"),
                            "trial": trial,
                            "channel": channel,
                            "percent": points,
                            "value": value,
                            "label": evil("ill" if ill else "well"),
                            evil("site"): evil(f"place {person % 3}"),
                            evil("age"): 40 + person,
                        }
                    )
                )
    table = pd.concat(rows)
    table.to_csv(folder / "forces.csv", index=False)
    new = table[table["subject"] == evil("person 0")].assign(subject=evil("new"))
    new.drop(columns="label").to_csv(folder / "new.csv", index=False)
    data = {"source": "table", "file": str(folder / "forces.csv")}
    study = named({"name": "evil_gait", "domain": "gait", "seed": 1, "data": data, "trust": TRUST})
    study |= {"folds": {"count": 3}, "model": "linear", "training": {"epochs": 3}}
    study |= {"methods": {"lrp": {"composite": "epsilon"}}, "variants": {"one": {"channels": [channels[0]]}}}
    study |= {"validate": {"permutations": 200, "draws": 10000, "bootstrap": 100, "sheets": 4}}
    study |= {"predict": {"new": {"source": "table", "file": str(folder / "new.csv")}}}
    fold = ["train --fold {k} --out {}/fold-{k}/fit", "trust --fold {k} --out {}/fold-{k}/trust"]
    fold += ["attribute --fold {k} --method lrp --out {}/fold-{k}/relevance-lrp/shard-0"]
    page, report = folder / "reports/evil_gait/index.html", folder / "reports/evil_gait"
    last = ["validate --out {}/evidence", f"report --out {page}", f"ratings --out {report}/ratings"]
    last += [f"predict --case new --out {{}}/predict/new --page {report}/people/new.html"]
    last += [f"index --out {folder}/reports/index.html"]
    run(folder, study, chain(fold) + last)
    return page


def proteins(folder: Path) -> Path:
    """The report and graphs of samples, patients, types, batches, proteins and pathways that are markup."""
    study = named(load_yaml(CONFIG / "tiny_proteins/tiny_proteins.yaml")) | {"name": "evil_proteins", "variants": {}}
    raw = folder / "results/evil_proteins/raw"
    study["data"] = {"source": "table", "file": str(raw / "p.csv"), "sheet": {"file": str(raw / "s.csv")}}
    study["methods"] = {"lrp": {"composite": {"name": "gamma", "gamma": 0.01}}}
    study["graph"] |= {"nulls": 0, "seeds": 0, "shards": 1}
    study["training"] |= {"epochs": 6}
    study["validate"] = {"known": {"known": {"file": str(raw / "t.csv"), "directed": True}}, "draws": 50}
    study["validate"] |= {"pathways": str(raw / "p.gmt"), "permutations": 200, "repeats": 2}
    run(folder, study, ["simulate --out {}/raw"])
    levels, sheet, truth = (pd.read_csv(raw / f"{name}.csv") for name in ("proteins", "samples", "truth"))
    levels.columns = ["sample", *(evil(name) for name in levels.columns[1:])]
    levels.assign(sample=levels["sample"].map(evil)).to_csv(raw / "p.csv", index=False)
    sheet.map(evil).assign(**{evil("age"): range(len(sheet))}).to_csv(raw / "s.csv", index=False)
    ends = {side: truth[side].map(evil) for side in ("source", "target", "group")}
    truth.assign(**ends).to_csv(raw / "t.csv", index=False)
    lines = [line.split("\t") for line in (raw / "pathways.gmt").read_text().splitlines()]
    (raw / "p.gmt").write_text("".join("\t".join(map(evil, line)) + "\n" for line in lines))
    fold = ["train --fold {k} --out {}/fold-{k}/fit", "trust --fold {k} --out {}/fold-{k}/trust"]
    fold += ["influence --fold {k} --method lrp --out {}/fold-{k}/influence-lrp/shard-0"]
    page = folder / "reports/evil_proteins/index.html"
    last = ["baselines --out {}/baselines", "graphs --out {}/graphs", "validate --out {}/evidence"]
    run(folder, study, [*chain(fold), *last, f"report --out {page}", f"viewer --out {page.parent / 'viewer'}"])
    return page


def slides(folder: Path) -> Path:
    """The report and viewer of slides, patients, sites, scanners and drawn classes that are markup."""
    study = named(load_yaml(CONFIG / "tiny_slides/tiny_slides.yaml")) | {"name": "evil_slides", "variants": {}}
    raw = folder / "results/evil_slides/raw"
    run(folder, study | {"data": {"source": "slides", "folder": str(raw)}}, ["simulate --out {}/raw"])
    sheet, ours = pd.read_csv(raw / "slides.csv", dtype=str), ("file", "annotations")
    sheet.apply(lambda column: column if column.name in ours else column.map(evil)).to_csv(raw / "s.csv", index=False)
    for file in (raw / "annotations").iterdir():
        drawn = json.loads(file.read_text(encoding="utf-8"))
        for one in drawn["features"]:
            one["properties"]["classification"]["name"] = evil(one["properties"]["classification"]["name"])
        file.write_text(json.dumps(drawn), encoding="utf-8")
    study["data"] |= {"sheet": str(raw / "s.csv"), "plant": None}
    study["data"]["labels"] = {"classes": [evil("tumour")], "other": evil("normal"), "at_least": 0.5}
    study["methods"] = {"lrp": {"composite": "epsilon-plus", "target": evil("tumour"), "samples": "test"}}
    study["validate"] = {"permutations": 200, "bootstrap": 100}
    fold = ["train --fold {k} --out {}/fold-{k}/fit", "trust --fold {k} --out {}/fold-{k}/trust"]
    fold += ["attribute --fold {k} --method lrp --out {}/fold-{k}/relevance-lrp/shard-0"]
    page = folder / "reports/evil_slides/index.html"
    last = ["heatmaps --method lrp --out {}/heatmaps-lrp", "validate --out {}/evidence", f"report --out {page}"]
    run(folder, study, [*chain(fold), *last, f"viewer --out {page.parent / 'viewer'}"])
    return page
