"""After the last epoch: the model folder, the baselines, and the reports."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from lstmcli.config.defaults import network_settings
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus, label_targets
from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.atomic import replaced_folder
from lstmcli.metrics.baselines import MajorityBaseline, TfidfBaseline
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.tuning import Decision, DecisionMaker
from lstmcli.models.embedding import Embedding
from lstmcli.recipes.score import baseline_tokenizer
from lstmcli.reports.files import to_html, to_json, to_markdown
from lstmcli.store.checks import Weights
from lstmcli.store.model import HTML_FILE, MARKDOWN_FILE, METRICS_FILE, NgramTable, SavedModel, write_model
from lstmcli.store.run import RunDirectory
from lstmcli.text.vocabulary import Vocabulary


def export_model(
    run: RunDirectory,
    config: Config,
    vocabulary: Vocabulary,
    labels: LabelSet,
    decision: Decision,
    members: Sequence[Weights],
    ngrams: NgramTable | None,
) -> SavedModel:
    """Write `model/`, all that prediction needs and nothing of training, and return it."""
    model = SavedModel(
        network=network_settings(config.model),
        tokenizer=config.tokenizer,
        vocabulary=vocabulary,
        labels=labels,
        rule=decision.rule,
        temperature=decision.mixture.temperature,
        columns=config.data,
        members=tuple(members),
        ngrams=ngrams,
        ngram_share=decision.mixture.share,
    )
    with replaced_folder(run.model) as folder:
        write_model(folder, model)
    return model


def fit_baselines(run: RunDirectory, corpus: Corpus, config: Config, decisions: DecisionMaker) -> None:
    """Fit majority class and TF-IDF + logistic regression on the training rows and write `baselines/`."""
    labels = corpus.labels
    targets, validation_targets = label_targets(corpus.train, labels), label_targets(corpus.validation, labels)
    tfidf = TfidfBaseline.fit(
        corpus.train.texts,
        targets,
        corpus.validation.texts,
        validation_targets,
        tokenize=baseline_tokenizer(config.tokenizer),
        rule=decisions.untuned_rule,
        tune_f1=decisions.tunes_f1,
    )
    with replaced_folder(run.baselines) as folder:
        MajorityBaseline.fit(targets, labels.kind).save(folder)
        tfidf.save(folder)


def write_reports(
    run: RunDirectory, evaluations: list[Evaluation], facts: dict[str, Any], history: list[dict[str, Any]]
) -> None:
    """Write the reports; metrics.json comes last, since it marks the run as finished."""
    title = f"Run {run.path}"
    run.write_text(MARKDOWN_FILE, to_markdown(title, evaluations, facts))
    run.write_text(HTML_FILE, to_html(title, evaluations, facts, history))
    run.write_text(METRICS_FILE, to_json(evaluations, facts))


def classifier_weights(model: nn.Module) -> Weights:
    """Return a classifier's weights by torch's names, with the rows of all words in one table."""
    weights = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    embedding = model.get_submodule("embedding")
    if not isinstance(embedding, Embedding):
        raise ValueError(f"expected a classifier with an Embedding, got {type(embedding).__name__}")
    weights["embedding.weight"] = embedding.table().detach().cpu().numpy()
    return weights
