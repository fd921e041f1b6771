"""Training in torch: loss, optimizer, schedule, averaging and the loop. No disk, no screen."""
