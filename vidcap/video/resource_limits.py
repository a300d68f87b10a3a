"""Limits that a process which decodes strangers' files sets itself."""

from __future__ import annotations

import os

MEMORY_VARIABLE = "VIDCAP_DECODER_MEMORY"
SECONDS_VARIABLE = "VIDCAP_DECODER_SECONDS"


def confine(*, memory_bytes: int, seconds: int) -> None:
    """Let this process have no more memory and processor time, from now on; 0 is no limit.

    Where the system has no such limits, nothing happens.

    Args:
        memory_bytes: of address space.
        seconds: of processor time, over all threads.
    """
    try:
        import resource
    except ImportError:  # Windows has none
        return
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        if not most and kind != resource.RLIMIT_CORE:
            continue
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (most, most))


def confine_as_told() -> None:
    """Set the limits that the environment names, as ``vidcap serve`` does for its decoders."""
    memory, seconds = (
        int(text) if (text := os.environ.get(name, "")).isdigit() else 0
        for name in (MEMORY_VARIABLE, SECONDS_VARIABLE)
    )
    if memory or seconds:
        confine(memory_bytes=memory, seconds=seconds)
