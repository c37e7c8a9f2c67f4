"""Ctrl-C and SIGTERM while a run is trained."""

import signal
import threading
from typing import Any, Self


class HeldSignals:
    """Hold Ctrl-C and SIGTERM back until a step is complete; a second signal acts at once.

    A signal that the process ignores, as under nohup, stays ignored. Only the main thread changes
    how signals are handled.
    """

    def __init__(self) -> None:
        self._number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hold)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def raise_if_any(self) -> None:
        """Raise `KeyboardInterrupt`, which names the signal, if one came."""
        if self._number:
            raise KeyboardInterrupt(signal.Signals(self._number).name)

    def _hold(self, number: int, _: object) -> None:
        self._number = number
        self._restore()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
