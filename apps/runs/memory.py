"""How this process asks the system for memory."""

import ctypes
import sys

# Of glibc's malloc.h: from which size on memory is mapped anew for each piece, and how much free
# memory at the end is given back.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory() -> None:
    """Keep what is freed for the next step, which asks for the same sizes.

    By default glibc gives large pieces back and has the system clear new ones: a quarter of a
    convolutional step on the CPU. Elsewhere than on Linux nothing is done.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        # Older ones refuse more than 32 MiB.
        _ = mallopt(M_MMAP_THRESHOLD, 2**30) or mallopt(M_MMAP_THRESHOLD, 2**25)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
