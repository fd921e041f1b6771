"""Measurements of speed and memory; see README.md."""

import os

# These variables change which routines numpy's matrix library selects when it is loaded. They are unset because most
# users have not set them.
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)
