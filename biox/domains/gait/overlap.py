"""Is relevance high where the classes differ? Described on all people; ``disjoint`` tests it on different people."""

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.gait.groups import Groups, statistic
from biox.domains.gait.profiles import net
from biox.domains.gait.spm_evidence import Plan, Tested
from biox.stats.agreement import auroc, rank_correlation

SPREAD = (
    "low and high: spread over resampled people (middle 95 % of draws, centred), not a confidence interval: noise "
    "attenuates measures of profiles"
)
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
    the same rows. 0.5 is chance for the AUROC, 0 for the correlation. Low and high are how far the value over all
    channels moves when people are drawn again (``centred_spread``). Where no point is significant, or all are, the
    AUROC is undefined, and the row says so.
    """
    profile, height, mask = np.abs(net(relevance)), np.abs(main.field.statistic), main.field.mask
    places = [slice(c, c + 1) for c in range(len(plan.channels))]
    rows = [
        _row(profile[at], height[at], mask[at]) | {"channel": name}
        for name, at in zip((*plan.channels, "all channels"), [*places, slice(None)], strict=True)
    ]
    table = pd.DataFrame(rows).assign(method=plan.method, comparison=main.comparison.name)[COLUMNS]
    spreads = _spreads(forces, relevance, mask, plan)
    n = sum(len(v) for v in forces.values) if not forces.paired else len(forces.values[0])
    claims = [c for row in table.to_dict("records") for c in _claims(row, spreads, n)]
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


def _spreads(forces: Groups, relevance: Groups, mask: np.ndarray, plan: Plan) -> dict[str, tuple[float, float]]:
    """How far correlation and AUROC over all channels move as people are drawn again; significant points stay."""
    rng = np.random.default_rng(plan.seed)
    drawn = []
    for _ in range(plan.bootstrap):
        rows = forces.draw(rng)
        drawn.append(_measures(relevance.at(rows), forces.at(rows), mask))
    values = _measures(relevance, forces, mask)
    correlations, areas = np.transpose(drawn)
    return {
        "correlation": centred_spread(values[0], correlations, -1),
        "auroc": (np.nan, np.nan) if np.isnan(values[1]) else centred_spread(values[1], areas, 0),
    }


def _measures(relevance: Groups, forces: Groups, mask: np.ndarray) -> tuple[float, float]:
    profile = np.abs(net(relevance))
    return rank_correlation(profile, statistic(forces)).value, auroc(profile, mask).value


def centred_spread(value: float, drawn: np.ndarray, lowest: float) -> tuple[float, float]:
    """The middle 95 % of a measure's draws, moved so that their mean is the value, within ``lowest`` and 1.

    Not a confidence interval: noise in the profiles pulls their correlation towards chance, in the value once and in
    the draws twice, and the draws share the noise of the sample. Only the spread of the draws can be used, and it says
    how much the value depends on who took part, not where the truth lies.
    """
    low, high = np.clip(value + np.nanquantile(drawn, [0.025, 0.975]) - np.nanmean(drawn), lowest, 1)
    return float(low), float(high)


def _claims(row: dict, spreads: dict[str, tuple[float, float]], n: int) -> list[dict]:
    everywhere = row["channel"] == "all channels"
    group = row["method"] if everywhere else f"{row['method']} | {row['channel']}"
    how = f"|net relevance| out of fold, over {row['points']} points"
    spread = f"; {SPREAD}" if everywhere else ""
    correlation, area = (spreads[k] if everywhere else (np.nan, np.nan) for k in ("correlation", "auroc"))
    counted = f"{how}; {row['significant']} significant (random field); chance 0.5"
    return [
        {
            "claim": "rank correlation of relevance and SPM",
            "group": group,
            "value": row["rank_correlation"],
            "low": correlation[0],
            "high": correlation[1],
            "n": n,
            "method": f"Spearman, {how}, with {row['comparison']}{spread}",
        },
        {
            "claim": "AUROC of relevance for significant points",
            "group": group,
            "value": row["auroc"],
            "low": area[0],
            "high": area[1],
            "n": n,
            "method": row["note"] or f"{counted}{spread}",
        },
    ]
