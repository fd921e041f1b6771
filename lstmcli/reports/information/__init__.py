"""What a run directory says about itself, for people and for programs."""
