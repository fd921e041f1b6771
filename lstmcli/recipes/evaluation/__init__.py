"""What an evaluation can show besides scores: every row, the worst mistakes, slices."""
