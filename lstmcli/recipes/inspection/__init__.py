"""`lstmcli inspect` and `lstmcli next`: look into a network. Neither loads torch."""
