"""The studies of ``bench.scale``: one a domain, of any size, with every setting but the number of samples fixed."""

from typing import Any

FOLDS = 3
SIZES = {"gait": (30, 60, 120), "histology": (4, 8, 16), "proteomics": (300, 600, 1200)}
UNITS = {
    "gait": "people of each of two classes, with 5 trials of 606 values",
    "histology": "slides of 640 x 640 pixels, one a patient, cut into tiles of 32 x 32",
    "proteomics": "patients with 60 proteins",
}
TRUST = {"samples": 6, "steps": 5, "draws": 8, "changes": 1}


def study(domain: str, size: int) -> dict[str, Any]:
    """The study file of a domain with so many people, slides or patients."""
    common = {"name": domain, "title": "growth", "question": "growth", "domain": domain, "folds": {"count": FOLDS}}
    return {**common, **OWN[domain](size), "trust": TRUST}


def _gait(size: int) -> dict[str, Any]:
    return {
        "data": {"source": "simulate", "labels": ["healthy", "knee"], "subjects": size, "trials": 5, "effect": 1.5},
        "model": {"name": "mlp", "hidden": [32]},
        "training": {"epochs": 5, "patience": 5},
        "methods": {"lrp": {"composite": "epsilon"}},
        "validate": {"permutations": 200, "draws": 10000, "bootstrap": 100},
    }


def _histology(size: int) -> dict[str, Any]:
    return {
        "label_level": "trial",
        "simulate": {"patients": size, "height": 640, "width": 640, "tumour": 1.0},
        "data": {
            "source": "slides",
            "sheet": "results/histology/raw/slides.csv",
            "tiles": {"side_px": 32, "mpp": 1.0, "tissue": 0.6},
            "labels": {"classes": ["tumour"], "other": "normal", "at_least": 0.5},
        },
        "model": {"name": "vgg", "widths": [[4], [8]], "hidden": [8], "dropout": 0.1},
        "training": {"epochs": 3, "patience": 3},
        "methods": {"lrp": {"composite": "epsilon-plus", "target": "tumour", "samples": "test"}},
        "validate": {"permutations": 200, "bootstrap": 100},
    }


def _proteomics(size: int) -> dict[str, Any]:
    simulated = {"kind": "regulation", "proteins": 60, "samples": size, "subgroups": 2, "modules": 6, "seed": 0}
    return {
        "simulate": simulated,
        "data": {
            "source": "table",
            "file": "results/proteomics/raw/proteins.csv",
            "sheet": {"file": "results/proteomics/raw/samples.csv"},
        },
        "model": {"name": "masked_mlp", "width": 2, "layers": 2},
        "training": {"epochs": 10, "batch": 32, "learning_rate": 5.0e-3, "patience": 10},
        # One error bound for all would give other patients other numbers of masks; here each gets all of them.
        "graph": {"masks": 16, "error": 1.0e-6, "nulls": 1, "seeds": 0, "forest": {"trees": 20}},
        "validate": {"draws": 50, "permutations": 200, "repeats": 2},
    }


OWN = {"gait": _gait, "histology": _histology, "proteomics": _proteomics}


def steps(domain: str) -> list[tuple[str, list[str], str]]:
    """Verb, further words and place of the result, in their order; FOLD stands for the number of the fold."""
    root = f"results/{domain}"
    fold, method = f"{root}/fold-FOLD", ["--method", "lrp"]
    raw = [] if domain == "gait" else [("simulate", [], f"{root}/raw")]
    start = [*raw, ("ingest", [], f"{root}/cohort"), ("train", [], f"{fold}/fit")]
    own = {
        "gait": [("attribute", method, f"{fold}/relevance-lrp/shard-0")],
        "histology": [
            ("attribute", method, f"{fold}/relevance-lrp/shard-0"),
            ("heatmaps", method, f"{root}/heatmaps-lrp"),
        ],
        "proteomics": [
            ("influence", method, f"{fold}/influence-lrp/shard-0"),
            ("baselines", [], f"{root}/baselines"),
            ("graphs", [], f"{root}/graphs"),
        ],
    }
    end = [("trust", [], f"{fold}/trust"), ("validate", [], f"{root}/evidence")]
    return [*start, *own[domain], *end, ("report", [], f"reports/{domain}/index.html")]
