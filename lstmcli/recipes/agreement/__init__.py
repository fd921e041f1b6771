"""How far annotators agree, and a model with them."""
