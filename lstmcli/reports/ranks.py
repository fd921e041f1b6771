"""How far off predictions are in the order of the labels, as a table and in a sentence."""

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.rank_scores import RankScores
from lstmcli.reports.further import NOT_DEFINED, Cells, estimate_text

QWK, MAE = "QWK", "MAE in ranks"

NOTE = (
    "QWK, the quadratic weighted kappa, is 1 if all predictions are right and 0 if they are no better than dealt out "
    "at random; a mistake counts with the square of its distance. MAE is the mean distance, less is better. "
    "Differences are the model less the system."
)


def ranks_cells(evaluation: Evaluation) -> list[Cells]:
    """Return a table of all systems; none if the labels have no order."""
    if not evaluation.ordered:
        return []
    names = [label.label for label in next(iter(evaluation.labels.values()))]
    rows = [_row(ranks) for ranks in evaluation.ordered]
    columns = ["system", QWK, MAE, f"difference in {QWK}", "difference in MAE"]
    return [Cells("Distance in the order of the labels", columns, rows, f"{NOTE} The order: {' < '.join(names)}.")]


def ranks_sentence(evaluation: Evaluation) -> str:
    """Say how far off the model is; "" if the labels have no order."""
    if not evaluation.ordered:
        return ""
    model = evaluation.ordered[0]
    return f"In the order of the labels: {QWK} {estimate_text(model.qwk)}, {MAE} {estimate_text(model.mae)}."


def _row(ranks: RankScores) -> list[str]:
    differences = [
        NOT_DEFINED if each is None else f"{each.value:+.3f} [{each.low:+.3f}, {each.high:+.3f}]"
        for each in (ranks.qwk_difference, ranks.mae_difference)
    ]
    return [ranks.system, estimate_text(ranks.qwk), estimate_text(ranks.mae), *differences]
