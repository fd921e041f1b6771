"""Suggestions for unknown keys: names from other tools, keys in the wrong section, and typos."""

from collections.abc import Iterable, Mapping, Sequence

# Names of our settings in other tools. Among several, settings in the typed section win, otherwise the first.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "authors": ("data.group",),
    "batch": ("training.batch_size", "pretraining.batch_tokens"),
    "batch_size": ("training.batch_size", "pretraining.batch_tokens"),
    "bidir": ("model.bidirectional",),
    "bootstrap": ("evaluation.bootstrap_samples",),
    "bptt": ("training.bptt_steps", "pretraining.bptt_steps"),
    "bs": ("training.batch_size", "pretraining.batch_tokens"),
    "cell_type": ("model.cell",),
    "charset": ("data.encoding",),
    "checkpoint_every": ("training.checkpoint_minutes",),
    "class_weight": ("training.class_weights",),
    "clip": ("training.gradient_clip",),
    "clip_grad": ("training.gradient_clip",),
    "cuda": ("training.device",),
    "delimiter": ("data.format", "data.label_separator"),
    "depth": ("model.layers",),
    "dev": ("data.validation",),
    "dev_file": ("data.validation",),
    "dim": ("model.hidden_size", "embedding.size"),
    "do_lower_case": ("tokenizer.lowercase",),
    "early_stopping": ("training.patience",),
    "ema": ("training.average_decay",),
    "ema_decay": ("training.average_decay",),
    "emb_dim": ("embedding.size",),
    "emb_size": ("embedding.size",),
    "embedding_dim": ("embedding.size",),
    "embedding_size": ("embedding.size",),
    "freeze": ("embedding.frozen",),
    "glove": ("embedding.vectors",),
    "gpu": ("training.device",),
    "grad_clip": ("training.gradient_clip",),
    "groups": ("data.group",),
    "hidden": ("model.hidden_size",),
    "hidden_dim": ("model.hidden_size",),
    "hidden_units": ("model.hidden_size",),
    "l2": ("training.weight_decay",),
    "label_column": ("data.label",),
    "label_columns": ("data.labels",),
    "learnrate": ("training.learning_rate", "pretraining.learning_rate"),
    "lower": ("tokenizer.lowercase",),
    "lr": ("training.learning_rate", "pretraining.learning_rate"),
    "max_epochs": ("training.epochs", "pretraining.epochs"),
    "max_features": ("vocabulary.max_words",),
    "max_grad_norm": ("training.gradient_clip",),
    "max_len": ("tokenizer.max_tokens",),
    "max_length": ("tokenizer.max_tokens",),
    "max_seq_len": ("tokenizer.max_tokens",),
    "maxlen": ("tokenizer.max_tokens",),
    "min_count": ("vocabulary.min_frequency",),
    "min_df": ("vocabulary.min_frequency",),
    "min_freq": ("vocabulary.min_frequency",),
    "monitor": ("training.metric",),
    "n_epochs": ("training.epochs", "pretraining.epochs"),
    "n_jobs": ("training.threads",),
    "n_layers": ("model.layers",),
    "num_epochs": ("training.epochs", "pretraining.epochs"),
    "num_layers": ("model.layers",),
    "num_models": ("training.ensemble",),
    "num_threads": ("training.threads",),
    "output_dir": ("output.run_dir",),
    "random_seed": ("training.seed",),
    "random_state": ("training.seed",),
    "rate": ("training.learning_rate", "pretraining.learning_rate"),
    "rnn_type": ("model.cell",),
    "save_dir": ("output.run_dir",),
    "sep": ("data.format", "data.label_separator"),
    "separator": ("data.format", "data.label_separator"),
    "size": ("model.hidden_size", "embedding.size"),
    "target": ("data.label",),
    "targets": ("data.labels",),
    "text_column": ("data.text",),
    "traits": ("data.labels",),
    "units": ("model.hidden_size",),
    "val": ("data.validation",),
    "val_split": ("data.validation_fraction",),
    "valid": ("data.validation",),
    "validation_split": ("data.validation_fraction",),
    "vocab_size": ("vocabulary.max_words",),
    "warmup_ratio": ("training.warmup",),
    "warmup_steps": ("training.warmup",),
    "wd": ("training.weight_decay",),
    "word_vectors": ("embedding.vectors",),
    "workers": ("training.threads",),
}
SECTION_SYNONYMS = {
    "eval": "evaluation",
    "network": "model",
    "optimization": "training",
    "optimizer": "training",
    "pretrain": "pretraining",
    "tokenization": "tokenizer",
    "train": "training",
    "vocab": "vocabulary",
}


# No misspelt name is longer, and to compare a long one would take minutes.
MAX_NAME_CHARACTERS = 50


def suggestion(key: Sequence[str], sections: Mapping[str, Sequence[str]]) -> str:
    """Return " Did you mean 'training.epochs'?" and the like, or "" if nothing is close.

    Args:
        key: the parts that were typed: section and name, or only one of them.
        sections: the names of the settings in each section.
    """
    if max(map(len, key)) > MAX_NAME_CHARACTERS:
        return ""
    *above, name = (part.lower().replace("-", "_") for part in key[:2])
    section = _section(above[0] if above else name, sections)
    if not above and section is not None:
        return f" Did you mean {section!r}?"
    found = _meant(section if above else None, name, sections)
    if found == [name]:
        members = ", ".join(f"{name}.{member}" for member in sections[name])
        return f" Did you mean the section {name!r} ({members})?"
    return f" Did you mean {' or '.join(map(repr, found))}?" if found else ""


def edit_distance(first: str, second: str) -> int:
    """Return the number of insertions, deletions, substitutions and swaps of neighbouring letters.

    Source: optimal string alignment, the restricted form of the Damerau-Levenshtein distance.
    """
    before, row = [0] * (len(second) + 1), list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other)))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                row[-1] = min(row[-1], earlier[j - 2] + 1)
    return row[-1]


def _section(name: str, sections: Iterable[str]) -> str | None:
    return name if name in sections else SECTION_SYNONYMS.get(name) or _nearest(name, sections)


def _meant(section: str | None, name: str, sections: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the keys that were probably meant; a name without a dot is a section."""
    own = () if section is None else sections[section]
    everywhere = [f"{other}.{key}" for other, keys in sections.items() for key in keys]
    synonyms = SYNONYMS.get(name, ())
    if name in own or (slip := _nearest(name, own, most=1)) is not None:
        return [f"{section}.{name if name in own else slip}"]
    if synonyms:
        return [key for key in synonyms if key.partition(".")[0] == section] or list(synonyms[:1])
    if name in sections:
        return [name]
    if elsewhere := [key for key in everywhere if key.partition(".")[2] == name]:
        return elsewhere[:1]
    if (near := _nearest(name, own)) is not None:
        return [f"{section}.{near}"]
    near = _nearest(name, {key.partition(".")[2] for key in everywhere}, most=1)
    return [] if near is None else [key for key in everywhere if key.partition(".")[2] == near][:1]


def _nearest(name: str, choices: Iterable[str], *, most: int = 3) -> str | None:
    """Return the closest of `choices` if it is within one edit, plus one edit per five letters, up to `most`."""
    allowed = min(most, 1 + (len(name) - 1) // 5) if len(name) > 2 else 0
    near = min(choices, key=lambda choice: edit_distance(name, choice), default=None)
    return near if near is not None and edit_distance(name, near) <= allowed else None
