"""Print all tables, or only the given ones: python -m benchmarks [TABLE]..."""

import sys
import time

from benchmarks import bulk, cells, epochs, gpu, growth, large, prediction, preparation, processes, timing
from lstmcli.config.settings import TrainingSettings
from lstmcli.training.setup import keep_freed_memory, training_environment

TABLES = {
    "cells": cells.equal_lengths,
    "ragged": cells.ragged,
    "epochs": epochs.against_the_usual_loop,
    "corpus": growth.with_the_corpus,
    "length": growth.with_the_length,
    "vocabulary": growth.with_the_vocabulary,
    "large": large.pretraining,
    "reading": preparation.rates,
    "memory": preparation.memory,
    "threads": epochs.threads,
    "processes": processes.together,
    "gpu": gpu.speed,
    "start": prediction.start,
    "throughput": prediction.throughput,
    "api": prediction.from_python,
    "jobs": prediction.jobs,
    "stream": prediction.memory,
    "latency": prediction.latency,
    "fast": bulk.fast,
    "fasttext": bulk.against_fasttext,
    "shards": bulk.shards,
}


def main(names: list[str]) -> None:
    """Print the named tables, or all tables if `names` is empty."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise SystemExit(f"unknown table: {', '.join(unknown)}; choose from {', '.join(TABLES)}")
    started_at = time.perf_counter()
    keep_freed_memory()
    with training_environment(TrainingSettings()):
        timing.environment()
        for name in names or TABLES:
            TABLES[name]()
    print(f"\n{time.perf_counter() - started_at:.0f} s in total")


main(sys.argv[1:])
