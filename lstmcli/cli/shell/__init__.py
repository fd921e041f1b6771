"""What shells know about the tool without starting it: completion scripts and the manual page."""
