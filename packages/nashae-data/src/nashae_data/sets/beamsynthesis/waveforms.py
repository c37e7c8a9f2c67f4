"""Beamsynthesis, computed: waveforms of a pulsed particle beam, and the levels they can have."""

from itertools import pairwise, product

import numpy as np
from jaxtyping import Float64

from nashae_data.observations.arrays import ArrayLike, finite_numbers
from nashae_data.records.dataset import Dataset
from nashae_data.records.provenance import Provenance
from nashae_data.sets.beamsynthesis.beam import (
    DARK_CURRENT,
    RAMP_TIME,
    RIPPLE_DEPTH,
    SAMPLES,
    STEP,
    STEPS,
    Beam,
    number_of_pulses,
    simulated,
)

CITATION = (
    "E. Yeats, F. Liu, D. Womble, H. Li. NashAE: Disentangling Representations Through "
    "Adversarial Covariance Minimization. ECCV 2022."
)
NAMES = ("frequency", "duty_cycle")
FREQUENCIES = (10.0, 15.0, 20.0)  # Hz
# The published duty cycles, [0.2, 0.8) in steps of 0.005, and 0.8. The floats matter: if a pulse
# ends on a step of the grid, their last bit decides whether that step is in it.
DUTY_CYCLE_GRID = tuple(float(duty_cycle) for duty_cycle in np.linspace(0.2, 0.8, 121))
# The authors train on (waveforms - mean) / std.
BEAMSYNTHESIS_MEAN = 0.318
BEAMSYNTHESIS_STD = 0.4168
# The published files are met to this, of the full beam: waveforms that differ by less are equal.
ACCURACY = 5e-7
NYQUIST = SAMPLES / (STEPS * STEP) / 2  # Hz: higher frequencies appear as lower ones


def beamsynthesis(
    frequencies: ArrayLike = FREQUENCIES,
    duty_cycles: ArrayLike | None = None,
    *,
    amplitudes: ArrayLike = (1.0,),
    ramp_times: ArrayLike = (RAMP_TIME,),
    ripple_depths: ArrayLike = (RIPPLE_DEPTH,),
) -> Dataset:
    """Beamsynthesis: waveforms of a pulsed beam, one for each frequency with each duty cycle.

    `amplitudes`, `ramp_times` and `ripple_depths` are constant in the paper. Each with several
    levels is one more factor, and all are combined with all: data of up to five factors. The sensor
    passes slow pulses: of a variation at the frequency itself, 93 % is left at 50 Hz, 67 % at 100,
    24 % at 200, 6 % at 400 and, with the filter before the sampling, 2 % at 495.

    Args:
        frequencies: of the pulses, in Hz, above 0 and below 500. The paper's are 10, 15 and 20.
        duty_cycles: part of each period that the beam is on, in (0, 1). None gives the paper's 120,
            the first 120 of `numpy.linspace(0.2, 0.8, 121)`.
        amplitudes: of the full beam, above the dark current of 0.01.
        ramp_times: s, above 0, over which the beam is switched on.
        ripple_depths: of the current, in [0, 1).

    Returns:
        A `Dataset` whose `observations` are (n, 1000) float64: 1 s sampled at 1 kHz, in units of
        the full beam, from 0 to about 1.04 and not normalised. The factors are `frequency` (Hz) and
        `duty_cycle`, then `amplitude`, `ramp_time` and `ripple_depth` if they vary; their classes
        count the levels upwards. The rows are in the order in which the published files sort: by
        duty cycle, then by frequency, whatever the order of the arguments; the other factors vary
        slowest.

    Raises:
        ValueError: a level is not a finite number, is given twice or is out of its range, or none
            is given; the beam of a row stays below the dark current; two levels of a factor give
            the same waveforms (to 5e-7), so that the factor is not in the data; or the grid of 0.2
            ms steps cannot hold the pulses. It holds them if there is at least one, the last ends
            within the second, and every pulse and every gap is longer than a step:
            `frequency < min(duty_cycle, 1 - duty_cycle) / 0.0002`. The paper's duty cycles thus go
            with frequencies from 0.8 Hz to just below 500 Hz.

    Source: E. Yeats et al., ECCV 2022, section 4, https://arxiv.org/abs/2209.10677; the model was
    worked out from the published files, whose generator is not public.

    Example:
        >>> dataset = beamsynthesis((5, 40), (0.3, 0.6))
        >>> dataset.observations.shape, dataset.names, dataset.sizes
        ((4, 1000), ('frequency', 'duty_cycle'), (2, 2))
    """
    # Differs from the paper: computed, not read from the published files. Those of 10 and 20 Hz are
    # met with an error of at most 4.1e-7 (root mean square 6.4e-8).
    hertz = _levels("frequencies", frequencies)
    duty = _levels("duty_cycles", DUTY_CYCLE_GRID[:120] if duty_cycles is None else duty_cycles)
    _check_grid(hertz, duty)
    others = _other_levels(amplitudes, ramp_times, ripple_depths)
    settings = [Beam(*levels) for levels in product(*others.values())]
    waveforms = np.stack(
        [
            np.stack([simulated(float(frequency), duty, beam) for frequency in hertz], axis=1)
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


def _other_levels(
    amplitudes: ArrayLike, ramp_times: ArrayLike, ripple_depths: ArrayLike
) -> dict[str, Float64[np.ndarray, " levels"]]:
    """The levels of each field of `Beam`, upwards."""
    given = zip(Beam._fields, (amplitudes, ramp_times, ripple_depths), strict=True)
    levels = {name: _levels(f"{name}s", numbers) for name, numbers in given}
    for name in ("amplitude", "ramp_time"):
        if levels[name][0] <= 0:
            raise ValueError(f"{name}s must be above 0; got {levels[name][0]}")
    if levels["amplitude"][0] <= DARK_CURRENT:
        raise ValueError(
            f"amplitudes must be above {DARK_CURRENT}, the dark current, under which no pulse is "
            f"seen; got {levels['amplitude'][0]}: give larger ones"
        )
    depths = levels["ripple_depth"]
    if depths[0] < 0 or depths[-1] >= 1:
        raise ValueError(f"ripple_depths must be in [0, 1); got {depths[0]} to {depths[-1]}")
    return levels


def gridded(
    waveforms: Float64[np.ndarray, "n 1000"],
    values: Float64[np.ndarray, "n k"],
    provenance: Provenance,
    names: tuple[str, ...] = NAMES,
) -> Dataset:
    """Waveforms with their factors: a level's class is its rank among the levels that occur."""
    grid = [np.unique(column, return_inverse=True) for column in values.T]
    classes = np.column_stack([ranks for _, ranks in grid])
    sizes = tuple(len(levels) for levels, _ in grid)
    return Dataset(waveforms, classes, values, names, sizes, provenance)


def errors_of(
    waveforms: Float64[np.ndarray, "n 1000"], values: Float64[np.ndarray, "n 2"]
) -> Float64[np.ndarray, " n"]:
    """The largest difference of each waveform from the one computed for its two levels.

    Infinite if no waveform has these levels.

    Args:
        waveforms: (n, 1000).
        values: (n, 2), frequency in Hz and duty cycle.
    """
    errors = np.full(len(values), np.inf)
    for frequency in np.unique(values[:, 0]):
        rows = [row for row in np.flatnonzero(values[:, 0] == frequency) if _fits(*values[row])]
        if rows:
            computed = simulated(float(frequency), values[rows, 1], Beam())
            errors[rows] = np.abs(waveforms[rows] - computed).max(axis=1)
    return errors


def _fits(frequency: float, duty_cycle: float) -> bool:
    try:
        _check_grid(np.array([frequency]), np.array([duty_cycle]))
    except ValueError:
        return False
    return True


def _levels(name: str, given: ArrayLike) -> Float64[np.ndarray, " levels"]:
    levels = np.sort(np.atleast_1d(finite_numbers(name, given)))
    if levels.ndim != 1 or len(levels) == 0:
        raise ValueError(f"{name} must be a list of at least one number; got shape {levels.shape}")
    twice = levels[1:][np.diff(levels) == 0]
    if len(twice):
        raise ValueError(f"{name} must all differ; got {twice[0]} twice: give each level once")
    return levels


def _check_grid(
    frequencies: Float64[np.ndarray, " f"], duty_cycles: Float64[np.ndarray, " d"]
) -> None:
    shortest, longest = float(duty_cycles[0]), float(duty_cycles[-1])
    for duty_cycle in (shortest, longest):
        if not 0 < duty_cycle < 1:
            raise ValueError(f"duty_cycles must be above 0 and below 1; got {duty_cycle}")
    limit = min(shortest, 1 - longest) / STEP
    for frequency in map(float, frequencies):
        if frequency <= 0:
            raise ValueError(f"frequencies must be above 0 Hz; got {frequency}")
        if frequency >= limit:
            raise ValueError(
                f"frequencies must be below {limit:.6g} Hz for duty cycles from {shortest} to "
                f"{longest}; got {frequency}: pulses and gaps must be longer than {STEP} s"
            )
        if frequency >= NYQUIST:
            raise ValueError(
                f"frequencies must be below {NYQUIST:g} Hz, half the {SAMPLES} samples a second; "
                f"got {frequency}: sampled, it would look like a lower one"
            )
        pulses = number_of_pulses(frequency)
        if pulses == 0 or (pulses - 1 + longest) / frequency > STEPS * STEP:
            raise ValueError(
                f"frequencies must let the last pulse end within {STEPS * STEP:g} s; got "
                f"{frequency} Hz with a duty cycle of {longest}: give a higher frequency or a "
                "shorter duty cycle"
            )


def _check_seen(
    factors: dict[str, Float64[np.ndarray, " levels"]], waveforms: Float64[np.ndarray, "..."]
) -> None:
    """Raise `ValueError` if two neighbouring levels of a factor give the same waveforms.

    Args:
        factors: the levels of each factor.
        waveforms: (..., 1000), in the order of `factors`, the last factor varying fastest.
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
