"""Measurements of speed and memory; see README.md."""

import os

# These change how numpy's matrix library picks its routines, and it reads them when it is loaded. Most users have set
# neither, and the figures are meant for them.
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)
