"""Training in torch: loss, optimizer, schedule, weight average and the loop. Writes no files, prints nothing."""
