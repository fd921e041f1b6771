"""Results as Markdown tables: mean and standard deviation over the seeds."""

import pandas as pd

from experiments.runner import RESULTS

OWN = "this model"

# Systems that differ from variant to variant, so their mean over all variants would say nothing.
PARTS = ("its first network", "n-grams alone")


def table(corpus: str, rows: str, score: str, part: str) -> str:
    """Return a table with a row for each variant and each baseline, best first."""
    if not RESULTS.is_file():
        raise SystemExit(f"{RESULTS}: no results yet; run an experiment first")
    results = pd.read_csv(RESULTS, dtype={"rows": str})
    chosen = results[
        (results["corpus"] == corpus)
        & (results["rows"] == rows)
        & (results["score"] == score)
        & (results["part"] == part)
    ]
    if chosen.empty:
        raise SystemExit(f"{RESULTS}: no {score} on the {part} rows of {corpus} with {rows} training rows")
    own = chosen[chosen["system"] == OWN]
    baselines = chosen[~chosen["system"].isin([OWN, *PARTS])].assign(variant=chosen["system"])
    lines = [f"| variant | {score} | seeds | CPU | model |", "|---|---|---|---|---|"]
    groups = [(name, group) for name, group in pd.concat([own, baselines]).groupby("variant")]
    for name, group in sorted(groups, key=lambda pair: -pair[1]["value"].mean()):
        by_seed = group.drop_duplicates("seed").sort_values("seed")
        spread = f" ± {by_seed['value'].std(ddof=1):.4f}" if len(by_seed) > 1 else ""
        values = ", ".join(f"{value:.4f}" for value in by_seed["value"])
        is_own = (group["system"] == OWN).all()
        cost = f"{group['cpu_seconds'].mean():.0f} s | {group['megabytes'].mean():.1f} MB" if is_own else "|"
        lines.append(f"| {name} | {by_seed['value'].mean():.4f}{spread} | {values} | {cost} |")
    return "\n".join(lines)
