"""Prediction in two stages: a cheap one answers the texts of which it is sure enough, the whole model the others.

Some of the texts that the first stage could answer are given to the whole model all the same, and get its answer: they
show how often both agree. Which ones depends on the text alone, so results are the same in any batch, process or shard.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from lstmcli.errors import LstmcliError, counted
from lstmcli.inference.first_logits import FirstLogits
from lstmcli.inference.predictor import Answers, PartLogits, Predictor, StageAnswers
from lstmcli.inference.row_counts import StageTotals
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.first_stage import FirstStage, is_above
from lstmcli.store.first_network import FirstNetwork

# One of so many texts that the first stage could answer is checked, which costs little and soon shows a difference.
CHECKED_SHARE = 64


class Cascade:
    """Answers blocks of texts."""

    def __init__(self, predictor: Predictor, stage: FirstStage, first: FirstNetwork | None) -> None:
        """Prepare.

        Args:
            predictor: with the whole model, which predicts labels.
            stage: says which texts the first stage answers.
            first: the network that computes it; None: the n-grams, which the model must have.

        Raises:
            LstmcliError: the stage was chosen for another first network.
        """
        self._predictor, self._stage = predictor, stage
        self._first = FirstLogits(predictor, first)
        if self._first.digest != stage.network:
            raise LstmcliError("the first network of the model has changed since --fast was calibrated; start again.")

    def answer(self, texts: Sequence[str]) -> Answers:
        """See `Predictor.answer`."""
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        rows = np.array([numbers[text] for text in texts], dtype=np.int64)
        if not len(rows):
            return self._predictor.answer(texts)
        with self._predictor.turn():
            probabilities, is_first, has_known, is_checked, is_same = self._of_distinct(list(numbers))
        stages = StageAnswers(
            is_first[rows],
            int(is_checked[rows].sum()),
            int((is_checked & is_same)[rows].sum()),
            is_distilled=bool(self._stage.network),
        )
        return Answers(probabilities[rows], len(texts) - int(has_known[rows].sum()), stages)

    def _of_distinct(self, texts: list[str]) -> tuple[np.ndarray, ...]:
        predictor, model, first = self._predictor, self._predictor.model, self._first
        token_ids = predictor.tokens.encode(texts)
        has_known = predictor.tokens.has_known_word(token_ids)
        of_rows = predictor.row_outputs(texts)
        ngrams = predictor.ngram_logits(token_ids, of_rows) if first.has_ngrams else None
        probabilities = self._stage.probabilities(first.of_tokens(token_ids, ngrams), model.labels.output_kind)
        is_first = self._stage.answers(probabilities, model.rule)
        is_checked = is_first & np.array(
            [zlib.crc32(text.encode("utf-8", "replace")) % CHECKED_SHARE == 0 for text in texts]
        )
        is_first &= ~is_checked
        decided = model.rule.decide(probabilities)
        others = np.flatnonzero(~is_first)
        if len(others):
            left = token_ids.of(others)
            of_left = None if of_rows is None else of_rows[others]
            of_ngrams = predictor.ngram_logits(left, of_left) if ngrams is None else ngrams[others]
            parts = PartLogits(predictor.network_logits(left), of_ngrams)
            probabilities[others] = probabilities_from_logits(
                predictor.mixed(parts), model.labels.output_kind, temperature=model.temperature
            )
        predictor.refuse_damaged(probabilities)
        is_same = (decided == model.rule.decide(probabilities)).all(axis=1)
        return probabilities, is_first, has_known, is_checked, is_same


def totals(answers: StageAnswers) -> StageTotals:
    """Count the rows of a block."""
    return StageTotals(len(answers.is_first), int(answers.is_first.sum()), answers.num_checked, answers.num_same)


def notes_on_stages(found: StageTotals, stage: FirstStage, agreement: float) -> list[str]:
    """Return what to tell a user who wanted such an agreement."""
    who = first_stage_name(is_distilled=bool(stage.network))
    share = found.first / max(1, found.rows)
    told = f"{counted(found.first, 'row')} of {found.rows:,} ({share:.1%}) answered by {who} alone"
    if not found.checked:
        return [f"{told}."]
    notes = [
        f"{told}; of {found.checked:,} more that were checked with the whole model, {found.same:,} kept their "
        "prediction."
    ]
    possible = (found.first + found.checked) / found.rows
    if is_above(found.checked - found.same, found.checked, (1.0 - agreement) / possible):
        notes.append(
            f"that is less than --fast {agreement:g}: these rows differ from those it was calibrated on. Calibrate "
            "on rows from all parts of the input with --fast-on FILE, or leave --fast out."
        )
    return notes


NGRAMS = "the n-grams"


def first_stage_name(*, is_distilled: bool) -> str:
    """Return what to call a first stage in a sentence."""
    return "the distilled network" if is_distilled else NGRAMS
