"""One answer for each person, from all of their texts."""
