"""What the studies of the bias laboratory say together: how often a bias is found, and what its removal brings."""

from typing import Any

import numpy as np
from scipy.stats import binomtest, t
from sklearn.metrics import roc_auc_score

Records = list[dict[str, Any]]


def summary(records: Records) -> dict[str, Any]:
    """Detection, dose curve, gains and the alarms of the scan, of the studies that are there."""
    arms: dict[str, Records] = {}
    for row in sorted(records, key=lambda one: (one["arm"], one["seed"])):
        arms.setdefault(row["arm"], []).append(row)
    found: dict[str, Any] = {"studies": {arm: len(rows) for arm, rows in arms.items()}}
    found["seconds a study"] = {arm: float(np.median([r["seconds"] for r in rows])) for arm, rows in arms.items()}
    found["scan"] = {arm: _alarms([row["scan"] for row in rows]) for arm, rows in arms.items() if "scan" in rows[0]}
    if "clean" in arms:
        seeds = {row["seed"] for arm, rows in arms.items() if arm.startswith("corner") for row in rows}
        half = {"corner 0.5": [row for row in arms.get("biased", []) if row["seed"] in seeds]}
        doses = {arm: rows for arm, rows in (arms | half).items() if arm.startswith("corner") and rows}
        found["dose"] = {arm: _dose(doses[arm], arms["clean"]) for arm in sorted(doses)}
    if "label" in arms:
        found["label"] = _label(arms["label"])
    if "sampling" in arms:
        found["sampling"] = _sampling(arms["sampling"])
    found["nuclei"] = {arm: _nuclei(rows) for arm, rows in arms.items() if arm.startswith("nuclei")}
    return found


def mean_interval(values: list[float]) -> dict[str, float]:
    """The mean over seeds and its 95 % interval (Student's t)."""
    x = np.asarray(values, float)
    half = t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else np.nan
    return {"mean": float(x.mean()), "low": float(x.mean() - half), "high": float(x.mean() + half), "n": len(x)}


def detection(without: list[float], having: list[float]) -> float:
    """How often a study with the bias has a higher value than one without: AUROC."""
    return float(roc_auc_score([0] * len(without) + [1] * len(having), without + having))


def _alarms(rows: Records) -> dict[str, Any]:
    """How many studies raise an alarm (with the 95 % interval of that share), by what, and how small p is where a test
    was made.
    """
    tests = sorted({name for row in rows for name in row["p"]})
    kinds = [name for row in rows for name in row["alarms"]]
    alarms = sum(row["alarm"] for row in rows)
    share = binomtest(alarms, len(rows)).proportion_ci(method="exact")
    p = {name: np.array([row["p"].get(name, np.nan) for row in rows], float) for name in tests}
    made = {name: values[np.isfinite(values)] for name, values in p.items()}
    return {
        "studies": len(rows),
        "alarms": alarms,
        "low": float(share.low),
        "high": float(share.high),
        "by": {name: kinds.count(name) for name in sorted(set(kinds))},
        "tests made": {name: len(values) for name, values in made.items()},
        "share of p <= 0.05": {name: float((values <= 0.05).mean()) for name, values in made.items() if len(values)},
    }


def _dose(rows: Records, clean: Records) -> dict[str, Any]:
    """Detection of the corner by seeds that are in both arms; blind: no figure knows where the corner is."""
    seeds = {row["seed"] for row in rows}
    without = [row["scan"] for row in clean if row["seed"] in seeds]
    edge = float(np.quantile([row["scan"]["oddness"] for row in clean], 0.95))
    scans = [row["scan"] for row in rows]
    found: dict[str, Any] = {
        "studies": len(rows),
        "AUROC of the place statistic": detection([r["z"] for r in without], [r["z"] for r in scans]),
        "AUROC of SpRAy's oddness": detection([r["oddness"] for r in without], [r["oddness"] for r in scans]),
        "alarm of the scan": float(np.mean([r["alarm"] for r in scans])),
        "place found (p <= 0.05, the right corner)": float(
            np.mean([r["p"]["place"] <= 0.05 and r["place"][1:] == [0, 0] for r in scans])
        ),
        "odd cluster in the right corner, above 95 % of clean": float(
            np.mean([r["oddness"] > edge and r["odd_place"] == ["tumour", 0, 0] for r in scans])
        ),
        "share of that cluster that carries the corner": mean_interval([r["odd_precision"] for r in scans]),
    }
    for variant in ("main", "clean", "balanced"):
        if variant in rows[0]:
            found[variant] = {key: mean_interval([r[variant][key] for r in rows]) for key in rows[0][variant]}
            if variant != "main":
                found[f"gain of {variant}"] = {
                    view: mean_interval([r[variant][view] - r["main"][view] for r in rows])
                    for view in ("clean", "swapped")
                }
    if "clean" in rows[0]:
        mass = [[r[variant]["mass"] for r in rows] for variant in ("clean", "main")]
        found["AUROC of the mass inside the corner, with against without the bias"] = detection(*mass)
    return found


def _label(rows: Records) -> dict[str, Any]:
    variants = ("main", "any-cell", "shifted")
    found: dict[str, Any] = {v: {key: mean_interval([r[v][key] for r in rows]) for key in rows[0][v]} for v in variants}
    for remedy in variants[1:]:
        gains = {key: mean_interval([r[remedy][key] - r["main"][key] for r in rows]) for key in ("all", "off_centre")}
        ratio = detection([r[remedy]["centre_ratio"] for r in rows], [r["main"]["centre_ratio"] for r in rows])
        found[f"gain of {remedy}"] = {**gains, "AUROC of the centre ratio, with against without the bias": ratio}
    return found


def _sampling(rows: Records) -> dict[str, Any]:
    variants = ("main", "with-necrosis")
    found: dict[str, Any] = {v: {key: mean_interval([r[v][key] for r in rows]) for key in rows[0][v]} for v in variants}
    before, after = ([r[v] for r in rows] for v in variants)
    keys = ("rate_necrosis", "relevance_necrosis", "auroc")
    found["change"] = {
        key: mean_interval([a[key] - b[key] for a, b in zip(after, before, strict=True)]) for key in keys
    }
    for name, other in (("other tissue", "relevance_else"), ("tumour", "relevance_tumour")):
        ratio = [[one["relevance_necrosis"] / one[other] for one in part] for part in (after, before)]
        what = f"positive relevance on necrosis over {name}"
        found[what] = {v: mean_interval(part) for v, part in zip(variants, reversed(ratio), strict=True)}
        found[what]["change"] = mean_interval([a - b for a, b in zip(*ratio, strict=True)])
        found[f"AUROC of {what}, with against without the bias"] = detection(*ratio)
    rate = [[one["rate_necrosis"] for one in part] for part in (after, before)]
    found["AUROC of the false positive rate on necrosis, with against without the bias"] = detection(*rate)
    return found


def _nuclei(rows: Records) -> dict[str, Any]:
    """Real tiles: figures by variant, their gains, and how the planted and the clean network differ."""
    variants = [name for name in ("main", "clean", "balanced") if name in rows[0]]
    found: dict[str, Any] = {v: {key: mean_interval([r[v][key] for r in rows]) for key in rows[0][v]} for v in variants}
    for variant in variants[1:]:
        views = {
            view: mean_interval([r[variant][view] - r["main"][view] for r in rows]) for view in ("clean", "swapped")
        }
        found[f"gain of {variant}"] = views
    found["alarms"] = {key: float(np.mean([r[key]["alarm"] for r in rows])) for key in ("scan", "scan of clean tiles")}
    own = [set(r["scan"]["alarms"]) - set(r["scan of clean tiles"]["alarms"]) for r in rows]
    found["studies with an alarm that the clean tiles do not raise"] = sum(map(bool, own))
    found["by"] = {key: [r[key]["alarms"] for r in rows] for key in ("scan", "scan of clean tiles")}
    return found
