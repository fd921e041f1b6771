"""Attacks on the tool: kills, damage, full disks, hostile folders, malformed inputs. `make faults` runs all of them."""
