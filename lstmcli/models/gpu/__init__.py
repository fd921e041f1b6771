"""Recurrent layers on a CUDA GPU: one Triton kernel for all cells, or cuDNN."""
