"""The network in torch: embedding, recurrent layers, dropout, pooling, classifier."""
