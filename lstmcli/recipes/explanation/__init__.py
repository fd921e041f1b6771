"""`lstmcli explain`: which words drive the predictions. It does not load torch."""
