"""One prediction in several processes or on several machines: its shards, and how they are joined."""
