"""The two training loops that are compared: that of this tool, and the usual loop of tutorials."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

from benchmarks.corpora import NUM_LABELS
from lstmcli.config.defaults import LEARNING_RATE
from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, TrainingSettings
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.training.classification import Classification, LabelledTokens
from lstmcli.training.loop import Trainer
from lstmcli.training.loss import make_loss

DEFAULTS = TrainingSettings()

CPU = torch.device("cpu")

# The default network of both loops.
ONE_DIRECTION = ModelSettings(bidirectional=False, pooling="last")


def own_trainer(
    train: LabelledTokens,
    num_words: int,
    *,
    model: ModelSettings = ONE_DIRECTION,
    training: TrainingSettings = DEFAULTS,
    batch_size: int = 64,
    embedding_size: int = 300,
    rows_only: bool = True,
    device: torch.device = CPU,
) -> Trainer:
    """Return a trainer with the default features of training: dropout, clipping, schedule, weight average."""
    torch.manual_seed(0)
    sizes = Sizes(num_words=num_words, embedding_size=embedding_size, num_labels=NUM_LABELS, pad_id=0)
    network = Classifier(sizes, model, DropoutSettings(), engine=training.engine, bptt_steps=training.bptt_steps)
    network.embedding.sparse = rows_only
    objective = Classification(
        train,
        train,
        loss=make_loss(train.targets, "single", "none"),
        score=lambda _logits: {"accuracy": 0.0},
        word_dropout=DropoutSettings().words,
        device=device,
    )
    return Trainer(
        network,
        objective,
        metric="accuracy",
        settings=training,
        learning_rate=LEARNING_RATE,
        batch_size=batch_size,
        num_epochs=1_000_000,
        device=device,
    )


def run_epoch(trainer: Trainer) -> None:
    """Train for one epoch, then bring all rows up to date as the end of an epoch does."""
    for _ in trainer._epoch():
        pass
    trainer.progress_dict()  # waits for a GPU
    trainer.updater.catch_up()
    trainer.progress.batch = 0
    trainer.progress.epoch += 1


class _Texts(Dataset[tuple[Tensor, int]]):
    def __init__(self, rows: LabelledTokens) -> None:
        ids, offsets = torch.from_numpy(rows.token_ids.flat).long(), rows.token_ids.offsets
        self._texts = [ids[start:end] for start, end in pairwise(offsets)]
        self._labels = rows.targets.argmax(axis=1).tolist()

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._texts[index], self._labels[index]


class _TutorialNetwork(nn.Module):
    def __init__(self, num_words: int, embedding_size: int, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_words, embedding_size, padding_idx=0)
        self.lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, NUM_LABELS)

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(token_ids), lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.lstm(packed)
        logits: Tensor = self.output(hidden[-1])
        return logits


class TutorialLoop:
    """`nn.LSTM` over packed sequences, a shuffling `DataLoader`, and dense Adam."""

    def __init__(
        self, train: LabelledTokens, num_words: int, *, batch_size: int = 64, embedding_size: int = 300
    ) -> None:
        torch.manual_seed(0)
        self._network = _TutorialNetwork(num_words, embedding_size, 128)
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=1e-3)
        self._loader = DataLoader(_Texts(train), batch_size=batch_size, shuffle=True, collate_fn=self._collate)
        self._loss = nn.CrossEntropyLoss()

    @staticmethod
    def _collate(rows: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor, Tensor]:
        texts, labels = [text for text, _ in rows], [label for _, label in rows]
        return pad_sequence(texts, batch_first=True), torch.tensor([len(text) for text in texts]), torch.tensor(labels)

    def epoch(self) -> None:
        """Train for one epoch."""
        for token_ids, lengths, labels in self._loader:
            self._optimizer.zero_grad()
            loss = self._loss(self._network(token_ids, lengths), labels)
            loss.backward()
            self._optimizer.step()
