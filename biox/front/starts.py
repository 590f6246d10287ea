"""What a new study begins with, for each field and reader: examples to replace, and simulated data that run so.

These are no lists of what is possible (the code is asked for that); what is not named here begins with the defaults.
"""

from typing import Any

Chosen = dict[str, Any]
SIMULATED = "simulate"
USUAL = {"gait": "table", "histology": "slides", "proteomics": "table"}
# Readers of new cases: nothing can be learnt from what has no label.
WITHOUT_LABELS = ("pictures",)
QUESTIONS = {
    "gait": "Where in the stance phase do the forces tell the groups apart?",
    "histology": "Does the model look at the disease?",
    "proteomics": "Which proteins does the network rely on to predict which others, and in whom?",
}
# The settings of a reader without which it cannot work: names of files that are to be replaced by one's own.
EXAMPLES: dict[tuple[str, str], Chosen] = {
    ("gait", "table"): {"file": "data/forces.csv"},
    ("gait", "raw_forces"): {
        "folder": "data/recordings",
        "people": "data/people.csv",
        "channels": {"left V": "Fz1", "right V": "Fz2"},
        "rate_hz": 1000,
    },
    ("gait", "gaitrec"): {"folder": "data/gaitrec"},
    ("gait", "acm2021"): {"file": "data/grf_194subjects.npz"},
    ("histology", "slides"): {"sheet": "data/slides.csv"},
    ("histology", "tile_folder"): {"folder": "data/tiles"},
    ("histology", "image_masks"): {"file": "data/images.npz"},
    ("proteomics", "table"): {"file": "data/proteins.csv", "sheet": {"file": "data/samples.csv"}},
    ("proteomics", "rppa"): {"file": "data/rppa.csv"},
    ("proteomics", "maxquant"): {"file": "data/proteinGroups.txt", "sheet": {"file": "data/samples.csv"}},
    ("proteomics", "diann"): {"file": "data/report.parquet", "sheet": {"file": "data/samples.csv"}},
    ("proteomics", "olink"): {"file": "data/npx.csv", "sheet": {"file": "data/samples.csv"}},
    ("proteomics", "h5ad"): {"file": "data/proteins.h5ad"},
}
# What suits a field better than the defaults that all fields share.
FITTING: dict[str, Chosen] = {
    "gait": {"label_level": "subject", "model": "mlp", "folds": {"count": 5}},
    "histology": {
        "label_level": "trial",
        "model": {"name": "vgg", "widths": [[12], [24], [24]], "hidden": [32], "dropout": 0.3},
        "folds": {"count": 5},
        "training": {"epochs": 20, "learning_rate": 0.002, "patience": 6, "turn": True, "balanced": True},
    },
    "proteomics": {"label_level": "subject", "folds": {"count": 5}},
}


def simulated(domain: str, study: str) -> Chosen:
    """The settings of a study of data that biox makes itself: minutes on a laptop."""
    raw = f"results/{study}/raw"
    if domain == "gait":
        return {
            "data": {"source": "simulate", "labels": ["healthy", "knee"], "subjects": 30},
            "training": {"epochs": 60, "weight_decay": 10.0, "patience": 10, "average": 0.99, "noise": 0.3},
        }
    if domain == "histology":
        return {
            "simulate": {"patients": 9, "height": 1280, "width": 1280, "tumour": 1.0},
            "data": {
                "source": "slides",
                "sheet": f"{raw}/slides.csv",
                "tiles": {"side_px": 48, "mpp": 1.0, "tissue": 0.7},
                "labels": {"classes": ["tumour"], "other": "normal", "at_least": 0.5, "between": "leave out"},
            },
            "folds": {"count": 3},
            "trust": {"samples": 16},
        }
    return {
        "simulate": {"kind": "regulation", "proteins": 60, "samples": 400, "subgroups": 3},
        "data": {"source": "table", "file": f"{raw}/proteins.csv", "sheet": {"file": f"{raw}/samples.csv"}},
        "folds": {"count": 4},
        "model": {"name": "masked_mlp", "width": 4, "layers": 2, "dropout": 0.2},
        "training": {"batch": 64, "learning_rate": 0.002, "weight_decay": 1.0, "patience": 60, "average": 0.99},
        "graph": {"masks": 40, "nulls": 2, "forest": {"trees": 30}},
        "validate": {"known": {"simulated": {"file": f"{raw}/truth.csv", "directed": True}}},
    }
