"""What happens inside a trained network while it reads: gates, memory, attention, and the words it expects next."""
