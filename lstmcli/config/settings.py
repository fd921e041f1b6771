"""Every setting of the tool with its default, as frozen dataclasses without behaviour.

They are plain dataclasses so that prediction can use its tokenizer settings without importing pydantic; `loading`
validates them. `configs/default.yaml` explains each key for users, and a test compares the defaults.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from lstmcli.config.model_settings import (
    MAX_COUNT,
    Count,
    DataSettings,
    Fraction,
    LabelKind,
    Limits,
    Measure,
    ModelSettings,
    Section,
    TokenizerSettings,
)
from lstmcli.config.thresholds import ThresholdNote, ThresholdSetting

Rate = Annotated[float, Limits(gt=0.0, le=100.0)]
EngineName = Literal["auto", "kernels", "torch", "reference"]
ScoreLoss = Literal["squared", "huber"]
MetricName = Literal["accuracy", "macro_f1", "micro_f1", "jaccard", "mean_accuracy", "log_loss"]

# The scores that reports show for each kind of labels; any of them may select the best epoch. With scores as targets,
# the mean squared error always does.
SCORES_BY_KIND: dict[LabelKind, tuple[str, ...]] = {
    "single": ("accuracy", "macro_f1", "micro_f1", "log_loss"),
    "multi": ("macro_f1", "micro_f1", "jaccard", "accuracy", "log_loss"),
    "traits": ("mean_accuracy", "accuracy", "macro_f1", "micro_f1", "log_loss"),
    "scores": ("r", "rmse", "mae", "r2", "ccc"),
}


@dataclass(frozen=True)
class VocabularySettings(Section):
    """Which training words get a row of their own in the embedding."""

    min_frequency: Count = 2
    max_words: Count = 50_000


@dataclass(frozen=True)
class EmbeddingSettings(Section):
    """The table of word vectors. `size` None means 200, or the width of the vector file."""

    size: Annotated[int, Limits(ge=1, le=16_384)] | None = None
    vectors: str | None = None
    max_vectors: Count = 200_000
    frozen: bool = False
    pretrained_rate: Rate = 0.3
    updates: Literal["rows", "dense"] = "rows"


@dataclass(frozen=True)
class NgramSettings(Section):
    """The n-gram model. `max_characters` 0: only words. `bucket_bits` None: chosen by the number of labels."""

    enabled: bool = True
    min_characters: Annotated[int, Limits(ge=1, le=16)] = 3
    max_characters: Annotated[int, Limits(ge=0, le=16)] = 6
    bucket_bits: Annotated[int, Limits(ge=8, le=22)] | None = None


@dataclass(frozen=True)
class DropoutSettings(Section):
    """Dropout probabilities, each at least 0 and below 1."""

    words: Fraction = 0.2
    features: Fraction = 0.5
    layers: Fraction = 0.3
    output: Fraction = 0.5


@dataclass(frozen=True)
class TrainingSettings(Section):
    """Optimisation: schedule, regularisation, early stopping, and where to compute."""

    epochs: Count | None = None
    batch_size: Count | None = None
    learning_rate: Rate | None = None
    adversarial: Annotated[float, Limits(ge=0.0, le=100.0)] = 0.0
    weight_decay: Annotated[float, Limits(ge=0.0, le=100.0)] = 0.01
    warmup: Fraction = 0.1
    gradient_clip: Annotated[float, Limits(gt=0.0, le=MAX_COUNT)] = 1.0
    average_decay: Fraction = 0.998
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    score_loss: ScoreLoss = "squared"
    metric: MetricName = "log_loss"
    patience: Count = 10
    ensemble: Annotated[int, Limits(ge=1, le=100)] = 1
    seed: Annotated[int, Limits(ge=0, lt=2**63 - 100)] = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Limits(ge=1, le=1_024)] = 1
    engine: EngineName = "auto"
    bptt_steps: Count | None = None
    checkpoint_minutes: Annotated[float, Limits(gt=0.0, le=MAX_COUNT)] = 5.0


@dataclass(frozen=True)
class PretrainingSettings(Section):
    """Learning from unlabelled texts, without or with a teacher. `texts` empty: the texts of `data.train`."""

    own_texts: bool = True
    texts: tuple[str, ...] = ()
    teacher: str | None = None
    validation_fraction: Annotated[float, Limits(gt=0.0, lt=1.0)] = 0.05
    epochs: Count | None = None
    batch_tokens: Count | None = None
    learning_rate: Rate = 0.01
    dropout: Fraction = 0.2
    candidates: Count = 256
    bptt_steps: Count = 64


@dataclass(frozen=True)
class DecisionSettings(Section):
    """How probabilities become labels: thresholds, rules for groups, and for what ordered labels are chosen."""

    thresholds: Annotated[ThresholdSetting, ThresholdNote()] = "auto"
    level: Literal["row", "group"] = "row"
    measure: Measure = "accuracy"


@dataclass(frozen=True)
class EvaluationSettings(Section):
    """Baselines and confidence intervals of every evaluation, and whether reports show texts of the rows."""

    baselines: bool = True
    texts: bool = True
    bootstrap_samples: Annotated[int, Limits(ge=100, le=100_000)] = 1000
    confidence: Annotated[float, Limits(gt=0.5, le=0.999)] = 0.95


@dataclass(frozen=True)
class OutputSettings(Section):
    """Where a run is written. None: runs/NAME, after the config or training file."""

    run_dir: str | None = None


@dataclass(frozen=True)
class Config(Section):
    """The whole configuration of a training run."""

    data: DataSettings = field(default_factory=DataSettings)
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    vocabulary: VocabularySettings = field(default_factory=VocabularySettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    ngrams: NgramSettings = field(default_factory=NgramSettings)
    dropout: DropoutSettings = field(default_factory=DropoutSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
