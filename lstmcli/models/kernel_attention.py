"""The numpy kernel of attention pooling as a torch autograd function."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lstmcli.kernels.attention import AttentionTrace, AttentionWeights, attention_backward, attention_forward


def kernel_attention(states: Tensor, lengths: Tensor, projection: Tensor, bias: Tensor, query: Tensor) -> Tensor:
    """Pool on the CPU, differentiable with respect to `states` and the weights; see `attention_forward`."""
    result: Tensor = _KernelAttention.apply(states, lengths, projection, bias, query)  # type: ignore[no-untyped-call]
    return result


class _KernelAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        states, lengths, projection, bias, query = (tensor.detach().numpy() for tensor in tensors)
        pooled, trace = attention_forward(states, lengths, AttentionWeights(projection, bias, query))
        ctx.save_for_backward(
            *tensors, torch.from_numpy(trace.hidden_scores), torch.from_numpy(trace.attention_weights)
        )
        return torch.from_numpy(pooled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_pooled: Tensor) -> tuple[Any, ...]:
        saved = (tensor.detach().numpy() for tensor in ctx.saved_tensors)
        states, lengths, projection, bias, query, hidden_scores, attention_weights = saved
        weights, trace = AttentionWeights(projection, bias, query), AttentionTrace(hidden_scores, attention_weights)
        grad_states, grad_weights = attention_backward(grad_pooled.numpy(), states, lengths, weights, trace)
        gradients = (grad_weights.projection, grad_weights.bias, grad_weights.query)
        return (torch.from_numpy(grad_states), None, *map(torch.from_numpy, gradients))
