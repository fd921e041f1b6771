"""The command line, one file a command: arguments, one plain call, what to print."""
