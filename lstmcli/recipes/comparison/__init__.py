"""`lstmcli compare`: two models, or two files of predictions, on the same rows."""
