"""Is relevance high where the classes differ? Described on all people; ``disjoint`` tests it on different people."""

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.gait.groups import Groups, statistic
from biox.domains.gait.profiles import net
from biox.domains.gait.spm_evidence import Plan, Tested
from biox.stats.agreement import auroc, rank_correlation

COLUMNS = [
    "method",
    "comparison",
    "channel",
    "points",
    "significant",
    "share_significant",
    "rank_correlation",
    "auroc",
    "mass_in_significant",
    "note",
]


def overlap(forces: Groups, relevance: Groups, main: Tested, plan: Plan) -> Evidence:
    """Rank correlation of |R| with |t| (or F), and AUROC of |R| for the significant points, by channel and over all.

    |R| is the size of the net relevance (``profiles.net``), on people out of fold; both groups hold the same people in
    the same rows. 0.5 is chance for the AUROC, 0 for the correlation; bands are over people. Where no point is
    significant, or all are, the AUROC is undefined, and the row says so.
    """
    profile, height, mask = np.abs(net(relevance)), np.abs(main.field.statistic), main.field.mask
    places = [slice(c, c + 1) for c in range(len(plan.channels))]
    rows = [
        _row(profile[at], height[at], mask[at]) | {"channel": name}
        for name, at in zip((*plan.channels, "all channels"), [*places, slice(None)], strict=True)
    ]
    table = pd.DataFrame(rows).assign(method=plan.method, comparison=main.comparison.name)[COLUMNS]
    band = _band(forces, relevance, plan)
    n = sum(len(v) for v in forces.values) if not forces.paired else len(forces.values[0])
    claims = [c for row in table.to_dict("records") for c in _claims(row, band, n)]
    return Evidence(claims_table(claims), {"overlap": table})


def _row(profile: np.ndarray, height: np.ndarray, mask: np.ndarray) -> dict:
    correlation, area = rank_correlation(profile, height), auroc(profile, mask)
    return {
        "points": mask.size,
        "significant": int(mask.sum()),
        "share_significant": mask.mean(),
        "rank_correlation": correlation.value,
        "auroc": area.value,
        "mass_in_significant": profile[mask].sum() / max(profile.sum(), 1e-300),
        "note": f"undefined: {area.reason}" if area.reason else "",
    }


def _band(forces: Groups, relevance: Groups, plan: Plan) -> tuple[float, float]:
    """95 % interval of the correlation over all channels, people drawn with replacement."""
    rng = np.random.default_rng(plan.seed)
    drawn = []
    for _ in range(plan.bootstrap):
        rows = forces.draw(rng)
        drawn.append(rank_correlation(np.abs(net(relevance.at(rows))), statistic(forces.at(rows))).value)
    return centred_interval(rank_correlation(np.abs(net(relevance)), statistic(forces)).value, np.array(drawn))


def centred_interval(value: float, drawn: np.ndarray) -> tuple[float, float]:
    """95 % interval of a correlation of sizes, its draws moved so that their mean is the value.

    Drawing people again adds noise to both profiles, the same to both, and sizes never cancel: the draws as a whole lie
    beside the value, so only their spread is used.
    """
    low, high = np.clip(value + np.nanquantile(drawn, [0.025, 0.975]) - np.nanmean(drawn), -1, 1)
    return float(low), float(high)


def _claims(row: dict, band: tuple[float, float], n: int) -> list[dict]:
    everywhere = row["channel"] == "all channels"
    group = row["method"] if everywhere else f"{row['method']} | {row['channel']}"
    how = f"|net relevance| out of fold, over {row['points']} points"
    low, high = band if everywhere else (np.nan, np.nan)
    return [
        {
            "claim": "rank correlation of relevance and SPM",
            "group": group,
            "value": row["rank_correlation"],
            "low": low,
            "high": high,
            "n": n,
            "method": f"Spearman, {how}, with {row['comparison']}" + (", bootstrap over people" if everywhere else ""),
        },
        {
            "claim": "AUROC of relevance for significant points",
            "group": group,
            "value": row["auroc"],
            "n": n,
            "method": row["note"] or f"{how}; {row['significant']} significant (random field); chance 0.5",
        },
    ]
