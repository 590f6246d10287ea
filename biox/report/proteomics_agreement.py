"""Agreement with known graphs in sentences: this network beside the best baseline, the control and chance."""

import math
from typing import Any

import numpy as np
import pandas as pd

from biox.report.found import claims, records, table
from biox.report.given import Given
from biox.report.proteomics_names import CONTROL, WITHOUT, name_of, scope_name
from biox.report.words import capital, number, p_value

ALPHA = 0.05


def agreement(given: Given) -> list[str]:
    """For every known graph and scope: this network beside the best baseline and the control without a model."""
    found = table(given.evidence, "benchmark")
    if found is None:
        return []
    words = []
    for key, rows in found.groupby(["reference", "scope"], sort=False):
        reference, scope = (str(part) for part in key)
        words.append(_sentence(given, rows, (reference, scope)))
    return [sentence for sentence in words if sentence]


def _sentence(given: Given, rows: pd.DataFrame, which: tuple[str, str]) -> str:
    reference, scope = which
    pairs = WITHOUT if (rows["pairs"] == WITHOUT).any() else "all"
    chosen = rows[(rows["pairs"] == pairs) & np.isfinite(rows["value"])]
    measure = next((m for m in ("AUROC", *dict.fromkeys(chosen["measure"])) if (chosen["measure"] == m).any()), "")
    chosen = chosen[chosen["measure"] == measure]
    own = records(chosen[chosen["method"] == "lrp"])
    if not own:
        return ""
    # Further methods of the study explain the same network in another way: no baselines.
    others = chosen[~chosen["method"].isin(["lrp", CONTROL, "expected-gradients", *given.study.methods])]
    best = records(others.sort_values("value", ascending=False, kind="stable"))[:1]
    control = records(chosen[chosen["method"] == CONTROL])[:1]
    beside = [f"the best baseline, {name_of(row.method)}, {number(row.value, 3)}" for row in best]
    beside += [f"the control |z·z| {number(row.value, 3)}" for row in control]
    beside.append(f"chance {number(own[0].base, 3)}" if math.isfinite(own[0].base) else "chance not given")
    ends = f"95 % interval {interval3(own[0])}; " if math.isfinite(own[0].low) else ""
    ends += "; ".join(beside) + (f"; {p_value(own[0].p)} against chance" if math.isfinite(own[0].p) else "")
    told = beyond_chance(own[0]) or lead(given, own[0]) or verdict(own[0], best, control)
    return (
        f"Compared with “{reference}” ({scope_name(scope, pairs)}), the network reaches {measure} "
        f"{number(own[0].value, 3)} ({ends}). {told}"
    ).strip()


def interval3(row: Any) -> str:
    """An interval with three digits: AUROCs near 1 need them."""
    return f"{number(row.low, 3)}–{number(row.high, 3)}"


def lead(given: Given, own: Any) -> str:
    """The difference to the best baseline with its interval, where validation computed it."""
    place = f" | {own.reference} | {own.scope} | {own.pairs}"
    found = [
        row for row in claims(given.evidence, f"{own.measure}, lrp minus best baseline") if row.group.endswith(place)
    ]
    if not found or not math.isfinite(found[0].low):
        return ""
    row = found[0]
    which = name_of(row.group.removesuffix(place))
    ends = f"{number(row.low, 3)} to {number(row.high, 3)}"
    shown = "clearly above" if row.low > 0 else "clearly below" if row.high < 0 else "not clearly different from"
    return (
        f"It is {shown} {which} (difference {number(row.value, 3)}, 95 % interval {ends} over patients, with the "
        "networks as trained)."
    )


def beyond_chance(own: Any) -> str:
    """That no agreement was shown: by the p value where there is one, or else by the interval; "" if it was shown."""
    by_interval = math.isfinite(own.base) and math.isfinite(own.low) and own.low <= own.base
    missed = own.p >= ALPHA if math.isfinite(own.p) else by_interval
    return "No agreement beyond chance was shown." if missed else ""


def verdict(own: Any, best: list[Any], control: list[Any]) -> str:
    """Whether the network stands above the best of the others; its interval decides, where there is one."""
    low = own.low if math.isfinite(own.low) else own.value
    rival = max([*best, *control], key=lambda row: row.value, default=None)
    if rival is None:
        return ""
    if rival.value > own.value:
        return f"{capital(name_of(rival.method))} does better."
    return "" if rival.value <= low else "The best of the others lies within its interval."
