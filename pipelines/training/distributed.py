"""Train one model on several processes, a GPU each, started by ``torchrun``.

Each takes its part of every batch; gradients are summed.  Plain torch rather than a framework: the
loop needs three calls, and stays readable and equal to the bit where there is one process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed


def start(device: str) -> tuple[int, int]:
    """Join the processes that ``torchrun`` started and return this one's number and how many.

    Without ``torchrun`` this is process 0 of 1.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return 0, 1
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    return distributed.get_rank(), count


def together() -> bool:
    """Tell whether there are several processes."""
    return distributed.is_available() and distributed.is_initialized()


def total(value: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes."""
    if together():
        value = value.clone()
        distributed.all_reduce(value)
    return value


def average_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes."""
    if not together():
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce(parameter.grad)
        parameter.grad /= distributed.get_world_size()


def wait() -> None:
    """Wait until every process has come here."""
    if together():
        distributed.barrier()
