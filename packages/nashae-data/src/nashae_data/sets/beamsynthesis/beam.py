"""The current of a pulsed particle beam at a sensor: the model of Beamsynthesis, in float64."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64

STEP = 2e-4  # s, of the grid on which everything is computed
STEPS = 5000  # 1 s
DECIMATION = 5  # steps for each sample kept
SAMPLES = STEPS // DECIMATION
MACRO_PULSE = 0.8  # s, within which all pulses begin
RAMP_TIME = 0.2  # s, over which the envelope is switched on
ENVELOPE_FREQUENCY, ENVELOPE_DAMPING = 5.0, 1.0  # Hz, -
SENSOR_FREQUENCY, SENSOR_DAMPING = 100.0, 0.75  # Hz, -
DARK_CURRENT = 0.01  # of the full beam, between and after the pulses
RIPPLE_FREQUENCY, RIPPLE_DEPTH = 120.0, 0.05  # Hz, of the current: rectified mains


class Beam(NamedTuple):
    """What the paper holds constant.

    Args:
        amplitude: of the full beam.
        ramp_time: s, over which the beam is switched on.
        ripple_depth: of the current.
    """

    amplitude: float = 1.0
    ramp_time: float = RAMP_TIME
    ripple_depth: float = RIPPLE_DEPTH


def number_of_pulses(frequency: float) -> int:
    """The number of pulses in the second."""
    return round(MACRO_PULSE * frequency)


def simulated(
    frequency: float, duty_cycles: Float64[np.ndarray, " d"], beam: Beam
) -> Float64[np.ndarray, "d 1000"]:
    """The waveforms of a beam, (d, 1000): 1 s at 1 kHz, of the full beam.

    Args:
        frequency: of the pulses, in Hz.
        duty_cycles: (d,), the part of each period that the beam is on.
        beam: its other properties.

    Raises:
        ValueError: the beam stays below the dark current.
    """
    from scipy.signal import decimate, lfilter  # type: ignore[import-untyped]  # takes 1 s to load

    time = np.arange(STEPS) * STEP
    envelope = lfilter(
        *second_order(ENVELOPE_FREQUENCY, ENVELOPE_DAMPING), np.minimum(time / beam.ramp_time, 1.0)
    )
    ripple = 1.0 - beam.ripple_depth * np.cos(2.0 * np.pi * RIPPLE_FREQUENCY * time)
    on, level = gate(time, frequency, duty_cycles), beam.amplitude * envelope
    dark = ~(on & (level > DARK_CURRENT)).any(axis=1)
    if dark.any():
        raise ValueError(
            f"a beam must rise above the dark current, {DARK_CURRENT}; got amplitude "
            f"{beam.amplitude}, switched on over {beam.ramp_time} s, with pulses of {frequency} Hz "
            f"and duty cycle {duty_cycles[dark][0]}: give larger amplitudes or shorter ramp times"
        )
    current = np.where(on, np.maximum(level, DARK_CURRENT) * ripple, DARK_CURRENT * ripple)
    sensed = lfilter(*second_order(SENSOR_FREQUENCY, SENSOR_DAMPING), current)
    # The sensor swings below 0 after each pulse; the published files hold the modulus. Their
    # anti-aliasing filter has order 4, not scipy's default of 8.
    waveforms: npt.NDArray[np.float64] = np.abs(decimate(sensed, DECIMATION, n=4))
    return waveforms


def gate(
    time: Float64[np.ndarray, " t"], frequency: float, duty_cycles: Float64[np.ndarray, " d"]
) -> Bool[np.ndarray, "d t"]:
    """Whether the beam is on: `0 < time - k * period < duty_cycle * period` for a pulse k."""
    period = 1.0 / frequency
    rows = np.arange(len(duty_cycles))
    edges = np.zeros((len(duty_cycles), len(time) + 1), dtype=np.int8)
    for pulse in range(number_of_pulses(frequency)):
        # A float64 difference never decreases as `time` grows, so a binary search finds the very
        # steps at which the two inequalities, rounding included, change.
        since = time - pulse * period
        edges[:, np.searchsorted(since, 0.0, side="right")] += 1
        edges[rows, np.searchsorted(since, duty_cycles * period, side="left")] -= 1
    return edges[:, :-1].cumsum(axis=1, dtype=np.int8) > 0


def second_order(
    frequency: float, damping: float
) -> tuple[Float64[np.ndarray, "3"], Float64[np.ndarray, "3"]]:
    """Coefficients b, a of `w² / (s² + 2 damping w s + w²)` with its input held over each step."""
    from scipy.linalg import expm  # type: ignore[import-untyped]

    # States are the output, its derivative and the held input. scipy.signal.cont2discrete goes by
    # way of polynomials and loses five digits of b at 5 Hz; this keeps them all.
    w = 2.0 * np.pi * frequency
    system = np.array([[0.0, 1.0, 0.0], [-(w**2), -2.0 * damping * w, w**2], [0.0, 0.0, 0.0]])
    move = expm(system * STEP)
    free, held = move[:2, :2], move[:2, 2]
    b = np.array([0.0, held[0], free[0, 1] * held[1] - free[1, 1] * held[0]])
    a = np.array([1.0, -np.trace(free), np.linalg.det(free)])
    return b, a
