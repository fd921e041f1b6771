"""A worker process: reads blocks of texts from standard input and writes their probabilities to standard output.

It is started by `processes`. Both ends are this program, so data can be pickled.
"""

import pickle
import signal
import sys
from contextlib import suppress
from pathlib import Path

from lstmcli.inference.predictor import Predictor


def main(run: str, batch_size: str) -> None:
    """Answer blocks until the parent process closes the pipe or exits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent handles it
    predictor = Predictor.open(Path(run), batch_size=int(batch_size))
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError):
        while True:
            pickle.dump(predictor.answer(pickle.load(source)), answers, protocol=5)
            answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
