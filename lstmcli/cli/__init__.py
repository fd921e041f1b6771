"""The command line, one file per command: parse arguments, make one plain call, print the result."""
