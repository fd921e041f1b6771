"""The whole story of each command, each on about one screen: the only place where text meets data meets models."""
