"""The parts of a model, network and n-grams, and what each can do by itself."""

from lstmcli.charts import Bar, bar_chart
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.headline import clearness
from lstmcli.reports.report_page.blocks import Block, Charts, Items, Section, Svg
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.reports.table import SCORE_TITLES

ALONE = {"network alone": "network_alone", "n-grams alone": "ngrams_alone", "both together": "together"}


def parts(content: ReportContent) -> Section | None:
    """Return what is known of them; None if the model has one part."""
    share = content.facts.get("ngram_share")
    evaluation = content.main
    sentences = [_share(float(share))] if share and float(share) > 0.0 else []
    sentences += [
        f"On {evaluation.name}, the whole is {clearness(each)} its n-grams alone."
        for each in evaluation.comparisons
        if each.added_to_ngrams
    ]
    sentences += features_sentences(content)
    found = {name: content.facts[key] for name, key in ALONE.items() if key in content.facts}
    blocks: list[Block] = [Items(sentences)] if sentences else []
    if len(found) == len(ALONE):
        blocks.append(Charts([Svg.within(_chart(found, evaluation))]))
    return Section("parts", "The parts of the model", blocks) if blocks else None


def features_sentences(content: ReportContent) -> list[str]:
    """Return what the features of rows bring to the linear model, if it has some."""
    facts = content.facts
    if "ngrams_without_features" not in facts or "ngrams_alone" not in facts:
        return []
    title = SCORE_TITLES[content.main.main_score]
    each = facts.get("without_feature", {})
    shown = f" Without {', '.join(f'{name} {value:.3f}' for name, value in each.items())}." if each else ""
    return [
        f"The linear model also reads columns beside the text. Its {title} on validation rows is "
        f"{facts['ngrams_alone']:.3f} with them and {facts['ngrams_without_features']:.3f} without.{shown}"
    ]


def _share(share: float) -> str:
    return (
        f"The model is a mixture: a linear model over n-grams (words, pairs of words, parts of words) carries "
        f"{share:.0%} of the weight, the network, which reads words in their order, {1.0 - share:.0%}."
    )


def _chart(found: dict[str, float], evaluation: Evaluation) -> str:
    title = SCORE_TITLES[evaluation.main_score]
    return bar_chart(
        "Each part by itself, on validation rows",
        [Bar(name, float(value)) for name, value in found.items()],
        x_label=f"{title}; each with thresholds and temperature of its own, chosen on the same rows",
        x_range=(0.0, 1.0),
    )
