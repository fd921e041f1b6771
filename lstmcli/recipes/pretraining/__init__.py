"""`lstmcli pretrain`: learn from unlabelled texts, for a classifier to start from."""

from lstmcli.recipes.pretraining.next_word import pretrain, pretrain_within

__all__ = ["pretrain", "pretrain_within"]
