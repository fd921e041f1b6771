"""What depends on whether a model learns labels or scores, behind one interface."""
