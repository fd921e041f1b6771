"""The same predictions at a coarser level: labels merged into groups, and texts pooled by person."""
