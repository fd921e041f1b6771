"""Measurements of speed and memory; see README.md."""

import os
from pathlib import Path

# These variables change which routines numpy's matrix library selects when it is loaded. They are unset because most
# users have not set them.
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

# Processes that are started here import this clone, and nothing from the current folder.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
os.environ["PYTHONSAFEPATH"] = "1"
