"""The training objective for text without labels: next-word prediction."""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.kernels.softmax import softmax_loss
from lstmcli.models.devices import to_device
from lstmcli.models.dropout import random_drops
from lstmcli.models.language import LanguageModel, summed_softmax_loss
from lstmcli.text.token_ids import TokenIds, batches_by_length
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID
from lstmcli.training.shares import Share

EVALUATION_BATCH_SIZE = 128
EVALUATION_BATCH_TOKENS = 16_384

# Candidates are sampled in proportion to this power of the word frequency, as in word2vec (Mikolov et al. 2013).
DRAW_POWER = 0.75


class LanguageBatch(NamedTuple):
    """A batch of texts, and the candidate words over which the softmax is taken.

    words: (rows,), the distinct words of the texts after word dropout, and the candidates, ascending.
    word_index: (tokens,), the index in `words` of each token, text after text.
    lengths: (texts,), in tokens; always on the CPU.
    candidates: (candidates,), the index in `words` of each candidate.
    answers: (tokens,), the index in `candidates` of each token before word dropout.
    corrections: (candidates,), subtracted from the logits.

    If several processes share a batch, the texts, their tokens and `answers` are those of this one; words and
    candidates are those of the whole batch, and there are

    inputs: (own words,), the index in `words` of each distinct word of the texts, of which `word_index` is one; None:
        `word_index` is an index in `words`.
    num_predicted: the number of words, in each direction, over which the mean loss is taken; None: those of the texts.
    """

    words: Tensor
    word_index: Tensor
    lengths: Tensor
    candidates: Tensor
    answers: Tensor
    corrections: Tensor
    inputs: Tensor | None = None
    num_predicted: float | None = None


class NextWord:
    """Texts for training and for validation; see `loop.Objective`.

    With a large vocabulary, the softmax of a batch is taken over a sample: all words of the batch, and `num_candidates`
    words drawn with replacement. The logarithm of its probability of being drawn is subtracted from the logit of each
    drawn word, which makes the expected sum of exponentials equal to the sum over all words. Source: Bengio and Senecal
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
        """Keep the arguments.

        Args:
            train: training texts.
            validation: texts on which perplexity is measured.
            counts: (words,), how often each word occurs in the training texts.
            num_candidates: number of words drawn per batch. If it is not below the size of the vocabulary, the softmax
                is taken over all words.
            word_dropout: see `batch.word_batch`. It applies to inputs, not to the words to be predicted.
            device: of the network.
        """
        self.lengths = train.lengths_by_row
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
        """Whether the softmax is taken over a sample of the vocabulary."""
        return self._num_candidates < len(self._draws)

    def batch(self, rows: NDArray[np.int64]) -> LanguageBatch:
        """Return the training texts of `rows`; word dropout and candidates use torch's random state."""
        ids, lengths = self._train.joined(rows)
        tokens = torch.from_numpy(ids.astype(np.int64))
        candidates = self._candidates(tokens)
        answers = torch.searchsorted(candidates, tokens)
        corrections = self._corrections(candidates)
        corrections[answers] = 0.0  # words of the batch are always included
        if self._word_dropout > 0.0:
            is_dropped = random_drops(len(tokens), self._word_dropout, tokens.device)
            tokens = tokens.masked_fill(is_dropped, UNKNOWN_ID)
        words, index = torch.unique(torch.cat([tokens, candidates]), return_inverse=True)
        tensors = (words, index[: len(tokens)], index[len(tokens) :], answers, corrections.float())
        words, index, *rest = (to_device(tensor, self._device) for tensor in tensors)
        candidates, answers, corrections = rest
        return LanguageBatch(words, index, torch.from_numpy(lengths), candidates, answers, corrections)

    def part(self, rows: NDArray[np.int64], share: Share) -> LanguageBatch:
        """Return a share of the same batch, on a CPU, with the words and candidates of the whole batch."""
        whole = self.batch(rows)
        own = torch.from_numpy(share.tokens)
        inputs, word_index = torch.unique(whole.word_index[own], return_inverse=True)
        return whole._replace(
            word_index=word_index,
            lengths=whole.lengths[torch.from_numpy(share.texts)],
            answers=whole.answers[own],
            inputs=inputs,
            num_predicted=max(1, len(whole.word_index) - len(rows)) / share.weight,
        )

    def _candidates(self, tokens: Tensor) -> Tensor:
        """Return the distinct candidates, ascending."""
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

    def backpropagate(self, model: LanguageModel, batch: LanguageBatch) -> Tensor:
        """Add the gradients of the loss per predicted word to the parameters and return it, in nats, on the device."""
        vectors = model.embedding(batch.words)
        tables = model.output_tables(vectors.index_select(0, batch.candidates))
        offsets = model.bias.index_select(0, batch.words[batch.candidates]) - batch.corrections
        losses, num_steps = [], 0.0
        read = vectors if batch.inputs is None else vectors.index_select(0, batch.inputs)
        predictions = model.predictions(read, batch.word_index, batch.lengths)
        for table, (states, targets) in zip(tables, predictions, strict=True):
            losses.append(summed_softmax_loss(states, table, offsets, batch.answers[targets]))
            num_steps += len(targets) if batch.num_predicted is None else batch.num_predicted
        loss = torch.stack(losses).sum() / max(1, num_steps)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach().double()

    @torch.no_grad()
    def scores(self, model: LanguageModel) -> dict[str, float]:
        """Return per-word loss and perplexity on the validation texts, over the whole vocabulary.

        Perplexity is exp(mean loss): how many equally likely words would be as hard to predict.
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
            moved = index.to(self._device), torch.from_numpy(lengths)
            for table, (states, targets) in zip(tables, model.predictions(vectors, *moved), strict=True):
                answers = tokens[targets.cpu()].numpy() - (PAD_ID + 1)
                total += softmax_loss(states.cpu().numpy(), table, offsets, answers)
                num_steps += len(answers)
        loss = total / max(1, num_steps)
        return {"perplexity": math.exp(min(loss, 700.0)), "log_loss": loss}


def frequency_perplexity(counts: NDArray[np.int64], validation: TokenIds) -> float:
    """Return the perplexity of the unigram baseline, with add-one smoothing.

    Args:
        counts: (words,), in the training texts.
        validation: texts on which perplexity is measured.
    """
    frequencies = (counts[PAD_ID + 1 :] + 1.0) / (counts[PAD_ID + 1 :] + 1.0).sum()
    return float(np.exp(-np.log(frequencies[validation.flat.astype(np.int64) - (PAD_ID + 1)]).mean()))
