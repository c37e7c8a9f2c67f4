"""How this process asks the system for memory."""

import ctypes
import sys

# Of glibc's malloc.h: how much free memory at the heap's end is returned to the system, and from
# which size on a piece of memory is mapped on its own.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory() -> None:
    """Keep freed memory in the process, for the next training step asks for the same sizes.

    By default glibc returns large pieces and the system clears new ones, which takes a quarter of
    a convolutional step on the CPU. On systems other than Linux this does nothing.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # absent in musl
        # Old versions of glibc refuse more than 32 MiB.
        _ = mallopt(M_MMAP_THRESHOLD, 2**30) or mallopt(M_MMAP_THRESHOLD, 2**25)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
