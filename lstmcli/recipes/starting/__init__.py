"""What comes before a training: a first config for a file, and a look at its rows."""
