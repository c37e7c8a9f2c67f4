"""The waveforms of Beamsynthesis, computed: the current of a pulsed particle beam at a sensor."""

from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64

from nashae_data.records.dataset import Dataset, Provenance

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
else:  # beartype takes no list of numbers for numpy's ArrayLike; _levels checks what it is given
    ArrayLike = Any

CITATION = (
    "E. Yeats, F. Liu, D. Womble, H. Li. NashAE: Disentangling Representations Through "
    "Adversarial Covariance Minimization. ECCV 2022."
)
NAMES = ("frequency", "duty_cycle")
FREQUENCIES = (10.0, 15.0, 20.0)  # Hz
# The published duty cycles, [0.2, 0.8) in steps of 0.005, and 0.8. The floats matter: where a pulse
# ends on a step of the grid, their last bit decides whether that step is in it.
DUTY_CYCLE_GRID = tuple(float(duty_cycle) for duty_cycle in np.linspace(0.2, 0.8, 121))
# What the authors subtract from the waveforms, and then divide them by, before training.
BEAMSYNTHESIS_MEAN = 0.318
BEAMSYNTHESIS_STD = 0.4168

STEP = 2e-4  # s, the grid on which everything is computed
STEPS = 5000  # 1 s
DECIMATION = 5  # steps for each sample kept
SAMPLES = STEPS // DECIMATION
NYQUIST = SAMPLES / (STEPS * STEP) / 2  # Hz: the samples show what repeats faster as slower
# The published files are met to this, of the full beam: what differs by less is one waveform.
ACCURACY = 5e-7

MACRO_PULSE = 0.8  # s, pulses begin in it only
RAMP_TIME = 0.2  # s, over which the envelope is switched on
ENVELOPE_FREQUENCY, ENVELOPE_DAMPING = 5.0, 1.0  # Hz, -
SENSOR_FREQUENCY, SENSOR_DAMPING = 100.0, 0.75  # Hz, -
DARK_CURRENT = 0.01  # of the full beam, between and after the pulses
RIPPLE_FREQUENCY, RIPPLE_DEPTH = 120.0, 0.05  # Hz, of the current: rectified mains


def beamsynthesis(
    frequencies: ArrayLike = FREQUENCIES,
    duty_cycles: ArrayLike | None = None,
    *,
    amplitudes: ArrayLike = (1.0,),
    ramp_times: ArrayLike = (RAMP_TIME,),
    ripple_depths: ArrayLike = (RIPPLE_DEPTH,),
) -> Dataset:
    """Beamsynthesis: waveforms of a pulsed beam, one for each frequency with each duty cycle.

    - `frequencies`: of the pulses, in Hz, below 500. The paper's are 10, 15 and 20. The sensor
      lets slow pulses through: of what varies at the frequency itself, 93 % is left at 50 Hz, 67 %
      at 100, 24 % at 200, 6 % at 400 and, with the filter before the sampling, 2 % at 495.
    - `duty_cycles`: part of each period that the beam is on, in (0, 1). `None` gives the paper's
      120, which are the first 120 of `numpy.linspace(0.2, 0.8, 121)`.
    - `amplitudes` (of the full beam), `ramp_times` (s, over which it is switched on) and
      `ripple_depths` (of the current): what the paper holds constant; amplitudes above the dark
      current of 0.01, ramp times above 0, depths in [0, 1). Each with several levels is one more
      factor, and all go with all: data of up to five factors.

    Returns a `Dataset` whose `observations` are (n, 1000) float64: 1 s sampled at 1 kHz, in units
    of the full beam, from 0 to about 1.04 and not normalised. The factors are `frequency` (Hz) and
    `duty_cycle`, then `amplitude`, `ramp_time` and `ripple_depth` where they vary; their classes
    count the levels upwards. The rows are in the order in which the published files sort: by duty
    cycle, then by frequency, whatever the order of the arguments; the other factors vary slowest.

    Raises `ValueError` where a level is not a finite number, stands twice, none is given or one is
    out of its range; where the beam of a row stays below the dark current; where two levels of a
    factor give the same waveforms (to 5e-7), so that the factor is not in the data; where 1 kHz
    cannot hold a frequency (from 500 Hz on); and where the 1 s grid of 0.2 ms steps cannot hold the
    pulses. It holds them if there is at least one, the last ends within the second, and every pulse
    and every gap is longer than a step, so that it contains one wherever it falls:
    `frequency < min(duty_cycle, 1 - duty_cycle) / 0.0002`. The paper's duty cycles thus go with
    frequencies from 0.8 Hz to just below 500 Hz.

    Source: the data set is from section 4 of the paper; the model was worked out from the
    published files, whose generator is not public.
    """
    # Differs from the paper: computed, not read from the published files. Those of 10 and 20 Hz are
    # met with an error of at most 4.1e-7 (root mean square 6.4e-8).
    hertz = _levels("frequencies", frequencies)
    duty = _levels("duty_cycles", DUTY_CYCLE_GRID[:120] if duty_cycles is None else duty_cycles)
    _check_grid(hertz, duty)
    others = _other_levels(amplitudes, ramp_times, ripple_depths)
    settings = [_Beam(*levels) for levels in product(*others.values())]
    waveforms = np.stack(
        [
            np.stack([_waveforms(float(frequency), duty, beam) for frequency in hertz], axis=1)
            for beam in settings
        ]
    )
    _check_seen({**others, "duty_cycle": duty, "frequency": hertz}, waveforms)
    varying = [name for name, levels in others.items() if len(levels) > 1]
    pairs = np.column_stack([np.tile(hertz, len(duty)), np.repeat(duty, len(hertz))])
    slow = np.array([[getattr(beam, name) for name in varying] for beam in settings])
    return gridded(
        waveforms.reshape(-1, SAMPLES),
        np.hstack([np.tile(pairs, (len(settings), 1)), np.repeat(slow, len(pairs), axis=0)]),
        Provenance(source="computed by nashae_data.beamsynthesis", citation=CITATION),
        (*NAMES, *varying),
    )


class _Beam(NamedTuple):
    """What the paper holds constant."""

    amplitude: float
    ramp_time: float
    ripple_depth: float


def _other_levels(
    amplitudes: ArrayLike, ramp_times: ArrayLike, ripple_depths: ArrayLike
) -> dict[str, Float64[np.ndarray, " levels"]]:
    """The levels of each field of `_Beam`, upwards."""
    given = zip(_Beam._fields, (amplitudes, ramp_times, ripple_depths), strict=True)
    found = {name: _levels(f"{name}s", levels) for name, levels in given}
    for name in ("amplitude", "ramp_time"):
        if found[name][0] <= 0:
            raise ValueError(f"{name} {found[name][0]}, wanted above 0")
    if found["amplitude"][0] <= DARK_CURRENT:
        raise ValueError(
            f"amplitudes must be above {DARK_CURRENT}, the dark current, under which no pulse is "
            f"seen; got {found['amplitude'][0]}: give larger ones"
        )
    depths = found["ripple_depth"]
    if depths[0] < 0 or depths[-1] >= 1:
        raise ValueError(f"ripple depths from {depths[0]} to {depths[-1]}, wanted in [0, 1)")
    return found


def gridded(
    waveforms: Float64[np.ndarray, "n 1000"],
    values: Float64[np.ndarray, "n k"],
    provenance: Provenance,
    names: tuple[str, ...] = NAMES,
) -> Dataset:
    """Give waveforms their factors: a level's class is its rank among the levels that occur."""
    grid = [np.unique(column, return_inverse=True) for column in values.T]
    classes = np.column_stack([ranks for _, ranks in grid])
    sizes = tuple(len(levels) for levels, _ in grid)
    return Dataset(waveforms, classes, values, names, sizes, provenance)


def errors_of(
    waveforms: Float64[np.ndarray, "n 1000"], values: Float64[np.ndarray, "n 2"]
) -> Float64[np.ndarray, " n"]:
    """The largest error of each waveform from the one computed for its frequency and duty cycle.

    Infinite where there is no such waveform.
    """
    errors = np.full(len(values), np.inf)
    paper = _Beam(1.0, RAMP_TIME, RIPPLE_DEPTH)
    for frequency in np.unique(values[:, 0]):
        rows = [row for row in np.flatnonzero(values[:, 0] == frequency) if _fits(*values[row])]
        if rows:
            computed = _waveforms(float(frequency), values[rows, 1], paper)
            errors[rows] = np.abs(waveforms[rows] - computed).max(axis=1)
    return errors


def _fits(frequency: float, duty_cycle: float) -> bool:
    try:
        _check_grid(np.array([frequency]), np.array([duty_cycle]))
    except ValueError:
        return False
    return True


def _levels(name: str, given: ArrayLike) -> Float64[np.ndarray, " levels"]:
    try:
        levels = np.sort(np.atleast_1d(np.asarray(given, dtype=np.float64)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {given!r}") from error
    if levels.ndim != 1 or len(levels) == 0:
        raise ValueError(f"{name} have shape {levels.shape}, wanted a list of at least one number")
    if not np.isfinite(levels).all():
        raise ValueError(f"{name} hold {levels[~np.isfinite(levels)][0]}, wanted finite numbers")
    twice = levels[1:][np.diff(levels) == 0]
    if len(twice):
        raise ValueError(f"{name} hold {twice[0]} more than once: give each level once")
    return levels


def _check_grid(
    frequencies: Float64[np.ndarray, " f"], duty_cycles: Float64[np.ndarray, " d"]
) -> None:
    shortest, longest = float(duty_cycles[0]), float(duty_cycles[-1])
    for duty_cycle in (shortest, longest):
        if not 0 < duty_cycle < 1:
            raise ValueError(f"duty cycle {duty_cycle}, wanted above 0 and below 1")
    limit = min(shortest, 1 - longest) / STEP
    for frequency in map(float, frequencies):
        if frequency <= 0:
            raise ValueError(f"frequency {frequency} Hz, wanted above 0")
        if frequency >= limit:
            raise ValueError(
                f"frequency {frequency} Hz, wanted below {limit:.6g} Hz for duty cycles from "
                f"{shortest} to {longest}: pulses and gaps must be longer than {STEP} s"
            )
        if frequency >= NYQUIST:
            raise ValueError(
                f"frequencies must be below {NYQUIST:g} Hz, half the {SAMPLES} samples a second; "
                f"got {frequency}: sampled, it would look like a lower one"
            )
        pulses = _pulses(frequency)
        if pulses == 0 or (pulses - 1 + longest) / frequency > STEPS * STEP:
            raise ValueError(
                f"frequency {frequency} Hz with a duty cycle of {longest}: the last pulse does not "
                f"fit into {STEPS * STEP:g} s; give a higher frequency or a shorter duty cycle"
            )


def _check_seen(
    factors: dict[str, Float64[np.ndarray, " levels"]], waveforms: Float64[np.ndarray, "..."]
) -> None:
    """Raise where two neighbouring levels of a factor, all others alike, give the same waveforms.

    `waveforms` are in the order of `factors`, which are the axes before the last.
    """
    shape = tuple(len(levels) for levels in factors.values())
    grid = waveforms.reshape(*shape, SAMPLES)
    for axis, (name, levels) in enumerate(factors.items()):
        along = np.moveaxis(grid, axis, 0)
        for i, (one, other) in enumerate(pairwise(along)):
            if not (np.abs(one - other) > ACCURACY).any():
                raise ValueError(
                    f"levels of {name} must differ in the waveforms; got {levels[i]} and "
                    f"{levels[i + 1]}, which give the same: leave one out or set them further apart"
                )


def _pulses(frequency: float) -> int:
    return round(MACRO_PULSE * frequency)


def _waveforms(
    frequency: float, duty_cycles: Float64[np.ndarray, " d"], beam: _Beam
) -> Float64[np.ndarray, "d 1000"]:
    from scipy.signal import decimate, lfilter  # type: ignore[import-untyped]  # takes 1 s to load

    time = np.arange(STEPS) * STEP
    envelope = lfilter(
        *_second_order(ENVELOPE_FREQUENCY, ENVELOPE_DAMPING), np.minimum(time / beam.ramp_time, 1.0)
    )
    ripple = 1.0 - beam.ripple_depth * np.cos(2.0 * np.pi * RIPPLE_FREQUENCY * time)
    gate, level = _gate(time, frequency, duty_cycles), beam.amplitude * envelope
    dark = ~(gate & (level > DARK_CURRENT)).any(axis=1)
    if dark.any():
        raise ValueError(
            f"a beam must rise above the dark current, {DARK_CURRENT}; got amplitude "
            f"{beam.amplitude}, switched on over {beam.ramp_time} s, with pulses of {frequency} Hz "
            f"and duty cycle {duty_cycles[dark][0]}: give larger amplitudes or shorter ramp times"
        )
    current = np.where(gate, np.maximum(level, DARK_CURRENT) * ripple, DARK_CURRENT * ripple)
    sensed = lfilter(*_second_order(SENSOR_FREQUENCY, SENSOR_DAMPING), current)
    # The sensor swings below 0 after each pulse; the published files hold the modulus. Their
    # anti-aliasing filter has order 4, not scipy's default of 8.
    waveforms: npt.NDArray[np.float64] = np.abs(decimate(sensed, DECIMATION, n=4))
    return waveforms


def _gate(
    time: Float64[np.ndarray, " t"], frequency: float, duty_cycles: Float64[np.ndarray, " d"]
) -> Bool[np.ndarray, "d t"]:
    """On where `0 < time - k * period < duty_cycle * period` for a pulse k, in float64."""
    period = 1.0 / frequency
    rows = np.arange(len(duty_cycles))
    edges = np.zeros((len(duty_cycles), len(time) + 1), dtype=np.int8)
    for pulse in range(_pulses(frequency)):
        # A float64 difference never decreases as `time` grows, so a binary search finds the very
        # steps at which the two inequalities, rounding included, change.
        since = time - pulse * period
        edges[:, np.searchsorted(since, 0.0, side="right")] += 1
        edges[rows, np.searchsorted(since, duty_cycles * period, side="left")] -= 1
    return edges[:, :-1].cumsum(axis=1, dtype=np.int8) > 0


def _second_order(
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
