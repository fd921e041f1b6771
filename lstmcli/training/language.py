"""Learning from text without labels: what the training loop needs to know of next-word prediction."""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.kernels.softmax import softmax_loss
from lstmcli.models.dropout import random_drops
from lstmcli.models.language import LanguageModel, summed_softmax_loss
from lstmcli.text.token_ids import TokenIds, batches_by_length
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID

EVALUATION_BATCH_SIZE = 128
EVALUATION_BATCH_TOKENS = 16_384

# Candidates are drawn in proportion to this power of a word's frequency, as in word2vec (Mikolov et al. 2013).
DRAW_POWER = 0.75


class LanguageBatch(NamedTuple):
    """A batch of texts and the candidates among which their words are to be found.

    words: (rows,), the distinct words of the texts as the network sees them, and the candidates, ascending.
    word_index: (tokens,), which of `words` each token is, the texts end to end.
    lengths: (texts,), tokens of each text.
    candidates: (candidates,), which of `words` they are.
    answers: (tokens,), which of `candidates` each token really is, dropped ones included.
    corrections: (candidates,), what is taken from their logits.
    """

    words: Tensor
    word_index: Tensor
    lengths: Tensor
    candidates: Tensor
    answers: Tensor
    corrections: Tensor


class NextWord:
    """Texts to learn from, and texts to be scored on; see `loop.Objective`.

    With a large vocabulary each batch is scored on a sample of it: all words of the batch, and `num_candidates` drawn
    with replacement. A drawn word stands for those that were not: the logarithm of its probability of being drawn is
    taken from its logit, which makes the expected sum of the softmax that over all words. Source: Bengio and Senecal
    2008, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language Model"; Jean et al.
    2015, arXiv 1412.2007.
    """

    def __init__(
        self,
        train: TokenIds,
        validation: TokenIds,
        counts: NDArray[np.int64],
        *,
        num_candidates: int,
        word_dropout: float,
        device: torch.device,
    ) -> None:
        """Hold what is learned from.

        Args:
            train: texts to learn from.
            validation: texts that perplexity is measured on.
            counts: (words,), how often the training texts use each.
            num_candidates: words drawn for a batch; at least as many as there are words: none are, all are scored.
            word_dropout: see `batch.word_batch`; what is to be predicted stays.
            device: where the network is.
        """
        self.lengths = train.lengths
        self._train = train
        self._validation = validation
        self._num_candidates = num_candidates
        self._word_dropout = word_dropout
        self._device = device
        draws = counts.astype(np.float64) ** DRAW_POWER
        self._draws = torch.from_numpy(draws / draws.sum())
        self._steps = torch.cumsum(self._draws, 0)

    @property
    def is_sampled(self) -> bool:
        """Whether a batch is scored on a part of the vocabulary."""
        return self._num_candidates < len(self._draws)

    def batch(self, rows: NDArray[np.int64]) -> LanguageBatch:
        """Return the training texts of `rows`; dropped words and candidates come from torch's random state."""
        ids, lengths = self._train.joined(rows)
        tokens = torch.from_numpy(ids.astype(np.int64))
        candidates = self._candidates(tokens)
        answers = torch.searchsorted(candidates, tokens)
        corrections = self._corrections(candidates)
        corrections[answers] = 0.0  # words of the batch need no luck
        if self._word_dropout > 0.0:
            is_dropped = random_drops(len(tokens), self._word_dropout, tokens.device)
            tokens = tokens.masked_fill(is_dropped, UNKNOWN_ID)
        words, index = torch.unique(torch.cat([tokens, candidates]), return_inverse=True)
        tensors = (
            words,
            index[: len(tokens)],
            torch.from_numpy(lengths),
            index[len(tokens) :],
            answers,
            corrections.float(),
        )
        return LanguageBatch(*(tensor.to(self._device) for tensor in tensors))

    def _candidates(self, tokens: Tensor) -> Tensor:
        """Return distinct words, ascending."""
        if not self.is_sampled:
            return torch.arange(PAD_ID + 1, len(self._draws))
        points = torch.rand(self._num_candidates, dtype=torch.float64)
        drawn = torch.searchsorted(self._steps, points).clamp_max(len(self._draws) - 1)
        candidates: Tensor = torch.unique(torch.cat([tokens, drawn]))
        return candidates

    def _corrections(self, candidates: Tensor) -> Tensor:
        """Return the logarithm of each candidate's probability of being drawn at all."""
        if not self.is_sampled:
            return torch.zeros(len(candidates), dtype=torch.float64)
        return torch.log(-torch.expm1(self._num_candidates * torch.log1p(-self._draws[candidates])))

    def backpropagate(self, model: LanguageModel, batch: LanguageBatch) -> float:
        """Add the gradients of the loss per predicted word to the parameters and return it, in nats."""
        vectors = model.embedding(batch.words)
        tables = model.output_tables(vectors.index_select(0, batch.candidates))
        offsets = model.bias.index_select(0, batch.words[batch.candidates]) - batch.corrections
        losses, num_steps = [], 0
        predictions = model.predictions(vectors, batch.word_index, batch.lengths)
        for table, (states, targets) in zip(tables, predictions, strict=True):
            losses.append(summed_softmax_loss(states, table, offsets, batch.answers[targets]))
            num_steps += len(targets)
        loss = torch.stack(losses).sum() / max(1, num_steps)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    @torch.no_grad()
    def scores(self, model: LanguageModel) -> dict[str, float]:
        """Return loss and perplexity of a word of the validation texts, over the whole vocabulary.

        Perplexity is exp(mean loss): among so many equally likely words the network might as well have guessed.
        """
        tables = [table.cpu().numpy() for table in model.output_tables(model.embedding.weight[PAD_ID + 1 :])]
        offsets = model.bias.cpu().numpy()[PAD_ID + 1 :]
        total, num_steps = 0.0, 0
        batches = batches_by_length(
            self._validation.lengths, batch_size=EVALUATION_BATCH_SIZE, max_tokens=EVALUATION_BATCH_TOKENS
        )
        for rows in batches:
            ids, lengths = self._validation.joined(rows)
            tokens = torch.from_numpy(ids.astype(np.int64))
            words, index = torch.unique(tokens, return_inverse=True)
            vectors = model.embedding(words.to(self._device))
            moved = index.to(self._device), torch.from_numpy(lengths).to(self._device)
            for table, (states, targets) in zip(tables, model.predictions(vectors, *moved), strict=True):
                answers = tokens[targets.cpu()].numpy() - (PAD_ID + 1)
                total += softmax_loss(states.cpu().numpy(), table, offsets, answers)
                num_steps += len(answers)
        loss = total / max(1, num_steps)
        return {"perplexity": math.exp(min(loss, 700.0)), "log_loss": loss}


def frequency_perplexity(counts: NDArray[np.int64], validation: TokenIds) -> float:
    """Return the perplexity of guessing each word by its frequency alone, with one added to every count.

    Args:
        counts: (words,), of the training texts.
        validation: texts to be guessed.
    """
    frequencies = (counts[PAD_ID + 1 :] + 1.0) / (counts[PAD_ID + 1 :] + 1.0).sum()
    return float(np.exp(-np.log(frequencies[validation.flat.astype(np.int64) - (PAD_ID + 1)]).mean()))
