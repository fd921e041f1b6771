"""A process that predicts for another one: blocks of texts come in at standard input, probabilities go out.

`processes` starts it. Both ends are this program, so what passes between them is pickled.
"""

import pickle
import signal
import sys
from contextlib import suppress
from pathlib import Path

from lstmcli.inference.predictor import Predictor


def main(run: str, batch_size: str) -> None:
    """Answer block by block until the other process has no more or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the other one decides
    predictor = Predictor.open(Path(run), batch_size=int(batch_size))
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError):
        while True:
            pickle.dump(predictor.probabilities(pickle.load(source)), answers, protocol=5)
            answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
