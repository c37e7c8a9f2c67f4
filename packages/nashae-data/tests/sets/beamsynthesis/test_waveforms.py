from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import cheby1, filtfilt

from nashae_data import BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD, beamsynthesis
from nashae_data.sets.beamsynthesis import beam
from nashae_data.sets.beamsynthesis.beam import STEP, STEPS

GRID = np.linspace(0.2, 0.8, 121)
TIME = np.arange(STEPS) * STEP

# b1, b2, a1, a2, found by fitting the published files.
ENVELOPE = (1.965671988979345e-05, 1.9574554209755846e-05, -1.9874730252495565, 0.987512256523656)
SENSOR = (0.0074124694222854615, 0.006960945042348121, -1.8138307668422267, 0.8282041813068601)


def waveform(frequency: float, duty_cycle: float):
    (row,) = beamsynthesis((frequency,), (duty_cycle,)).observations
    return row


def at(dataset, frequency: float, duty_cycle: float):
    distance = np.abs(dataset.values - (frequency, duty_cycle)).sum(axis=1)
    assert distance.min() < 1e-9
    return dataset.observations[distance.argmin()]


# ---- the data set ----


def test_the_grid_is_complete_and_in_the_published_order(published):
    assert published.observations.shape == (360, 1000)
    assert published.observations.dtype == np.float64
    assert published.names == ("frequency", "duty_cycle")
    assert published.sizes == (3, 120)
    # Names of files sort by duty cycle first.
    np.testing.assert_array_equal(
        published.values[:4], [[10, 0.2], [15, 0.2], [20, 0.2], [10, GRID[1]]]
    )
    np.testing.assert_array_equal(published.factors[:4], [[0, 0], [1, 0], [2, 0], [0, 1]])
    np.testing.assert_array_equal(published.values[-1], [20, GRID[119]])
    np.testing.assert_array_equal(published.values[:, 1], np.repeat(GRID[:120], 3))


@pytest.mark.parametrize(
    ("frequency", "duty_cycle", "wanted"),
    [
        (10, 0.200, [0.0000077, 0.0097138, 0.0099694, 0.0096013, 0.9810355, 0.0096354, 0.0101217]),
        (10, 0.500, [0.0000077, 0.0195680, 0.8771392, 0.9611509, 0.9810360, 0.0096324, 0.0101217]),
        (20, 0.505, [0.0000077, 0.0097138, 0.0054076, 0.0097583, 0.9810360, 0.6812122, 0.0101217]),
        (20, 0.795, [0.0000077, 0.0195678, 0.0048166, 0.1393528, 0.9810690, 0.9635408, 0.0101217]),
    ],
)
def test_samples_of_the_published_files_are_met(published, frequency, duty_cycle, wanted):
    found = at(published, frequency, duty_cycle)[[0, 37, 250, 444, 610, 777, 999]]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=5e-7)


def test_mean_and_deviation_are_the_published_ones(published):
    assert published.observations.mean() == pytest.approx(0.3113, abs=5e-5)
    assert published.observations.std() == pytest.approx(0.4166, abs=5e-5)
    # Nearly, not exactly, what the authors normalise by.
    assert published.observations.mean() == pytest.approx(BEAMSYNTHESIS_MEAN, abs=0.01)
    assert published.observations.std() == pytest.approx(BEAMSYNTHESIS_STD, abs=0.001)


def test_the_current_is_a_modulus_and_overshoots_by_four_percent(published):
    assert published.observations.min() >= 0
    assert published.observations.max() == pytest.approx(1.04, abs=5e-4)


def test_computing_again_gives_the_same_bits(published):
    assert beamsynthesis().observations.tobytes() == published.observations.tobytes()


def test_a_waveform_does_not_depend_on_what_else_is_asked_for(published):
    alone = beamsynthesis((15,), (GRID[37],)).observations[0]
    np.testing.assert_array_equal(alone, at(published, 15, GRID[37]))


def test_the_order_of_the_arguments_does_not_matter():
    one, other = beamsynthesis((20, 10), (0.6, 0.3)), beamsynthesis([10, 20], np.array([0.3, 0.6]))
    np.testing.assert_array_equal(one.observations, other.observations)
    np.testing.assert_array_equal(one.values, [[10, 0.3], [20, 0.3], [10, 0.6], [20, 0.6]])


def test_a_single_level_is_a_data_set_too():
    assert beamsynthesis(12, 0.4).sizes == (1, 1)


# ---- its physics ----


@pytest.mark.parametrize(("frequency", "pulses"), [(10, 4), (15, 6), (20, 8)])
def test_half_of_the_pulses_are_in_the_second_half_of_the_macro_pulse(published, frequency, pulses):
    # From 0.4 s on the envelope is nearly 1, so that each pulse crosses one half once upwards.
    high = at(published, frequency, 0.5)[390:] > 0.5
    assert np.count_nonzero(~high[:-1] & high[1:]) == pulses


def test_after_the_macro_pulse_only_dark_current_flows(published):
    # 1 % of the beam with 5 % of ripple, of which the sensor lets a little less through.
    silence = published.observations[:, 850:990]
    assert silence.min() > 0.01 * 0.95
    assert silence.max() < 0.01 * 1.05


def test_the_longer_duty_cycle_only_adds_current_after_the_shorter_ends(published):
    shorter, longer = at(published, 10, 0.3), at(published, 10, 0.5)
    # Pulse 5 starts at 500 ms; the two part at 530 ms. The zero-phase filter looks 5 ms ahead.
    np.testing.assert_allclose(shorter[490:525], longer[490:525], atol=1e-3)
    assert (longer[535:545] - shorter[535:545]).min() > 0.5


def test_neighbouring_duty_cycles_differ_little(published):
    for level in range(3):
        rows = published.observations[published.factors[:, 0] == level]
        steps = np.sqrt((np.diff(rows, axis=0) ** 2).mean(axis=1))
        assert steps.max() < 0.06
        assert steps.min() > 0.005


def slow_waveform(frequency: float, duty_cycle: float):
    """The model written a second time, step by step, with the coefficients of the table."""

    def filtered(signal, b1, b2, a1, a2):
        out = [0.0, 0.0]
        for i in range(STEPS):
            before = signal[i - 1] if i >= 1 else 0.0
            long_before = signal[i - 2] if i >= 2 else 0.0
            out.append(-a1 * out[-1] - a2 * out[-2] + b1 * before + b2 * long_before)
        return out[2:]

    period = 1 / frequency
    envelope = filtered([min(t / 0.2, 1.0) for t in TIME], *ENVELOPE)
    current = []
    for i, t in enumerate(TIME):
        pulses = range(round(0.8 * frequency))
        on = any(0 < t - k * period < duty_cycle * period for k in pulses)
        beam = max(envelope[i] * on, 0.01)
        current.append(beam * (1 - 0.05 * np.cos(2 * np.pi * 120 * t)))
    smooth = filtfilt(*cheby1(4, 0.05, 0.8 / 5), filtered(current, *SENSOR))
    return np.abs(smooth[::5])


@pytest.mark.parametrize(
    ("frequency", "duty_cycle"), [(15, GRID[60]), (20, GRID[119]), (7.3, 0.91)]
)
def test_the_model_written_step_by_step_gives_the_same(frequency, duty_cycle):
    found = waveform(frequency, duty_cycle)
    np.testing.assert_allclose(found, slow_waveform(frequency, duty_cycle), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("hertz", "damping", "table"), [(5, 1.0, ENVELOPE), (100, 0.75, SENSOR)])
def test_coefficients_are_those_of_the_published_files(hertz, damping, table):
    b, a = beam.second_order(float(hertz), damping)
    np.testing.assert_allclose([*b[1:], *a[1:]], table, rtol=1e-11)  # the table is good to 5e-12


@pytest.mark.parametrize("damping", [0.2, 0.75, 1.0, 1.8])
def test_a_held_second_order_filter_follows_its_own_closed_form(damping):
    # Poles of the continuous filter go over into exp(pole * step); a constant passes unchanged.
    b, a = beam.second_order(30.0, damping)
    w = 2 * np.pi * 30.0
    poles = np.exp(np.roots([1, 2 * damping * w, w**2]).astype(complex) * STEP)
    np.testing.assert_allclose(a, np.poly(poles).real, rtol=1e-12)
    assert b.sum() / a.sum() == pytest.approx(1, abs=1e-9)


# ---- its gate ----


def literal_gate(frequency: float, duty_cycle: float):
    period = 1 / frequency
    pulses = (TIME - k * period for k in range(round(0.8 * frequency)))
    return np.any([(since > 0) & (since < duty_cycle * period) for since in pulses], axis=0)


@pytest.mark.parametrize("frequency", [10, 15, 20])
def test_off_the_edges_the_gate_is_that_of_exact_arithmetic(frequency):
    # With t = i / 5000, T = 1 / f and D = (40 + j) / 200, everything times 5000 f is an integer.
    found = beam.gate(TIME, float(frequency), GRID[:120])
    i, j = np.arange(STEPS), np.arange(120)[:, None]
    on, edge = np.zeros((120, STEPS), dtype=bool), np.zeros((120, STEPS), dtype=bool)
    for k in range(round(0.8 * frequency)):
        since, width = i * frequency - 5000 * k, 25 * (40 + j)
        on |= (since > 0) & (since < width)
        edge |= (since == 0) | (since == width)
    np.testing.assert_array_equal(found[~edge], on[~edge])
    # On an edge float64 rounding decides, as it did in the published files.
    assert 0 < np.count_nonzero(found[edge]) < np.count_nonzero(edge)


def test_a_step_on_the_edge_is_outside_where_float64_is_exact():
    # 0.5 * 0.1 s is step 250 to the bit, and step 0 is exact always: both inequalities are strict.
    assert Fraction(TIME[250]) == Fraction(0.5 * (1 / 10.0))
    (gate,) = beam.gate(TIME, 10.0, np.array([0.5]))
    assert not gate[0]
    assert gate[1:250].all()
    assert not gate[250:500].any()


@pytest.mark.parametrize(("frequency", "pulses"), [(10, 8), (15, 12), (20, 16), (1, 1), (990, 792)])
def test_pulses_fill_the_macro_pulse(frequency, pulses):
    (gate,) = beam.gate(TIME, float(frequency), np.array([0.4]))
    assert np.count_nonzero(np.diff(gate.astype(int)) == 1) == pulses


@settings(max_examples=40)
@given(frequency=st.floats(1, 990), duty_cycle=st.floats(0.2, 0.795))
def test_the_searched_gate_is_the_literal_one(frequency, duty_cycle):
    (gate,) = beam.gate(TIME, frequency, np.array([duty_cycle]))
    np.testing.assert_array_equal(gate, literal_gate(frequency, duty_cycle))


# ---- what it refuses ----


@pytest.mark.parametrize(
    ("frequencies", "duty_cycles", "message"),
    [
        ((0,), None, "frequencies must be above 0 Hz; got 0.0"),
        ((10, -5), None, "frequencies must be above 0 Hz; got -5.0"),
        ((np.nan,), None, "frequencies must be finite; got nan"),
        ((np.inf,), None, "frequencies must be finite; got inf"),
        ((10, 1000), None, "must be below 1000 Hz for duty cycles from 0.2 .*; got 1000.0"),
        ((100,), (0.99,), "frequencies must be below 50 Hz .*; got 100.0"),
        ((0.5,), None, "the last pulse end within 1 s; got 0.5 Hz"),
        ((1, 1.9), (0.95,), "the last pulse end within 1 s; got 1.9 Hz"),
        ((10, 10.0), None, "frequencies must all differ; got 10.0 twice"),
        ((), None, r"frequencies must be a list of at least one number; got shape \(0,\)"),
        ([[10, 20]], None, r"frequencies must be .*; got shape \(1, 2\)"),
        (("ten",), None, "frequencies must be numbers; got"),
        ((10,), (0,), "duty_cycles must be above 0 and below 1; got 0.0"),
        ((10,), (0.5, 1), "duty_cycles must be above 0 and below 1; got 1.0"),
        ((10,), (0.5, -0.1), "duty_cycles must be above 0 and below 1; got -0.1"),
        ((10,), (0.5, np.nan), "duty_cycles must be finite; got nan"),
        ((10,), (0.5, 0.5), "duty_cycles must all differ; got 0.5 twice"),
        ((10,), (), "duty_cycles must be a list"),
    ],
)
def test_levels_without_a_waveform_are_named(frequencies, duty_cycles, message):
    with pytest.raises(ValueError, match=message):
        beamsynthesis(frequencies, duty_cycles)


def test_just_below_the_bound_each_pulse_and_gap_holds_a_step():
    for duty_cycle in (0.2, 0.8):
        (gate,) = beam.gate(TIME, 999.9, np.array([duty_cycle]))
        switched = np.diff(gate.astype(int))
        assert np.count_nonzero(switched == 1) == np.count_nonzero(switched == -1) == 800


def test_what_the_paper_holds_constant_can_vary():
    published = beamsynthesis((10, 20), (0.3, 0.5))
    more = beamsynthesis(
        (10, 20), (0.3, 0.5), amplitudes=(1.0, 0.5), ramp_times=(0.2, 0.1), ripple_depths=(0.05, 0)
    )
    assert more.names == ("frequency", "duty_cycle", "amplitude", "ramp_time", "ripple_depth")
    assert more.sizes == (2, 2, 2, 2, 2)
    assert len(np.unique(more.factors, axis=0)) == len(more) == 32
    same = (more.values[:, 2:] == (1.0, 0.2, 0.05)).all(1)
    np.testing.assert_array_equal(more.observations[same], published.observations)
    np.testing.assert_array_equal(more.values[same, :2], published.values)
    # Rows that differ are of different waveforms.
    assert len(np.unique(more.observations.round(6), axis=0)) == 32


def test_an_amplitude_scales_the_beam_and_not_the_dark_current():
    whole, half = (beamsynthesis((10,), (0.5,), amplitudes=(a,)).observations[0] for a in (1, 0.5))
    assert half.max() == pytest.approx(whole.max() / 2, rel=0.02)
    assert half[-100:] == pytest.approx(whole[-100:], abs=1e-4)  # after the macro-pulse


def test_one_level_is_no_factor():
    once = beamsynthesis((10,), (0.3, 0.5), amplitudes=0.7)
    assert once.names == ("frequency", "duty_cycle")
    assert once.sizes == (1, 2)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ({"amplitudes": (0.0, 1.0)}, "amplitudes must be above 0; got 0.0"),
        ({"ramp_times": (-0.1,)}, "ramp_times must be above 0; got -0.1"),
        ({"ripple_depths": (0.5, 1.0)}, r"ripple_depths must be in \[0, 1\); got 0.5 to 1.0"),
        ({"amplitudes": (1.0, 1.0)}, "amplitudes must all differ; got 1.0 twice"),
        ({"ripple_depths": (float("nan"),)}, "ripple_depths must be finite; got nan"),
    ],
)
def test_other_levels_that_cannot_be_are_refused(levels, message):
    with pytest.raises(ValueError, match=message):
        beamsynthesis((10,), (0.3,), **levels)


# ---- what is labelled is seen ----


@pytest.mark.parametrize(
    ("factor", "levels"),
    [
        ("frequencies", (490, 510)),
        ("frequencies", (500,)),
        ("frequencies", (10, 999.0)),
        ("frequencies", (11.3, 11.3 + 1e-9)),
        ("duty_cycles", (0.4137, 0.4137 + 1e-9)),
        ("duty_cycles", (0.501, 0.5012)),  # 20 microseconds, a tenth of a step
        ("amplitudes", (0.001, 0.002, 0.004, 0.006, 0.008, 0.01)),
        ("amplitudes", (0.01,)),
        ("amplitudes", (0.005, 1.0)),
        ("amplitudes", (1.0, 1.0 + 1e-9)),
        ("ramp_times", (1e-5, 1e-4)),  # both within the first step
        ("ramp_times", (200.0, 300.0)),  # in both the beam stays dark for the whole second
        ("ramp_times", (100.0,)),
        ("ramp_times", (0.2, 0.2 + 1e-9)),
        ("ripple_depths", (0.0, 1e-12)),
    ],
)
def test_levels_that_change_nothing_are_refused(factor, levels):
    asked = {"frequencies": (10.0,), "duty_cycles": (0.4,)} | {factor: levels}
    with pytest.raises(ValueError, match=r"must .*; got "):
        beamsynthesis(**asked)


def test_a_small_beam_that_is_switched_on_slowly_is_seen_or_refused():
    # Of an amplitude of 0.013, 0.009 are reached in the first second.
    with pytest.raises(ValueError, match=r"must rise above the dark current.*0.013.* over 1.0 s"):
        beamsynthesis(10, 0.4, amplitudes=0.013, ramp_times=1.0)
    assert beamsynthesis(10, 0.4, amplitudes=0.013, ramp_times=0.1).observations.max() > 0.012


@settings(max_examples=25)
@given(st.data())
def test_different_levels_give_different_waveforms(data):
    """Over each factor and any two levels of it: refused, or seen in the waveforms."""
    ranges = {
        "frequencies": st.floats(1, 700),
        "duty_cycles": st.floats(0.05, 0.95),
        "amplitudes": st.floats(1e-3, 2.0),
        "ramp_times": st.floats(1e-6, 300.0),
        "ripple_depths": st.floats(0.0, 0.99),
    }
    factor = data.draw(st.sampled_from(sorted(ranges)))
    one = data.draw(ranges[factor])
    other = data.draw(ranges[factor] | st.floats(one * (1 - 1e-6), one * (1 + 1e-6)))
    asked = {"frequencies": (20.0,), "duty_cycles": (0.4,)} | {factor: (one, other)}
    try:
        rows = beamsynthesis(**asked).observations
    except ValueError:
        return
    assert np.abs(rows[0] - rows[1]).max() > 5e-7
    assert factor != "frequencies" or max(one, other) < 500


@pytest.mark.parametrize(
    ("hertz", "left"), [(50, 0.93), (100, 0.67), (200, 0.24), (400, 0.06), (495, 0.02)]
)
def test_the_sensor_leaves_of_fast_pulses_what_the_docstring_says(hertz, left):
    def line(frequency: float) -> float:
        row = beamsynthesis(frequency, 0.5, ripple_depths=0).observations[0, 400:800]
        return abs((row * np.exp(-2j * np.pi * frequency * np.arange(400) / 1000)).sum())

    assert line(hertz) / line(10) == pytest.approx(left, abs=0.005)
