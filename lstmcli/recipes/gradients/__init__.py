"""`lstmcli gradients`: vanishing and exploding gradients on a user's own texts, and in a task for the memory."""
