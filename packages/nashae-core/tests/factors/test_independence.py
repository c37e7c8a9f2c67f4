import math

import pytest
import torch

from nashae_core import dependence, redundancy


def uniform(n, m, seed=0):
    return torch.rand(n, m, generator=torch.Generator().manual_seed(seed))


def by_definition(a, b, ranked=True):
    """The unbiased criterion as a sum over distinct indices, and normalised (n small)."""

    def criterion(first, second):
        n = len(first)
        pairs = sum(first[i, j] * second[i, j] for i in range(n) for j in range(n) if i != j)
        triples = sum(
            first[i, j] * second[i, q]
            for i in range(n)
            for j in range(n)
            for q in range(n)
            if len({i, j, q}) == 3
        )
        quadruples = sum(
            first[i, j] * second[q, r]
            for i in range(n)
            for j in range(n)
            for q in range(n)
            for r in range(n)
            if len({i, j, q, r}) == 4
        )
        counts = [math.perm(n, size) for size in (2, 3, 4)]
        return pairs / counts[0] + quadruples / counts[2] - 2 * triples / counts[1]

    kernels = []
    for code in (a, b):
        if ranked:
            code = (code[:, None] > code[None]).sum(1) / len(code)
        code = code.double()
        kernels.append(torch.exp(-(((code[:, None] - code[None]) / 0.1) ** 2) / 2))
    own = [criterion(kernel, kernel) for kernel in kernels]
    return criterion(*kernels) / math.sqrt(own[0] * own[1])


@pytest.mark.parametrize("ranked", [True, False])
def test_it_is_the_criterion_as_it_is_defined(ranked):
    codes = uniform(7, 2)
    codes[:, 1] = 0.5 * codes[:, 1] + codes[:, 0] ** 2
    expected = float(by_definition(codes[:, 0], codes[:, 1], ranked))
    assert float(dependence(codes, ranked=ranked)[0, 1]) == pytest.approx(expected, rel=1e-5)


def test_what_lies_within_the_levels_of_a_code_counts_for_its_ranks_alone():
    x = uniform(600, 1)
    levels = torch.arange(600) % 3 / 3 + 0.02 * x[:, 0]
    codes = torch.stack([x[:, 0], levels], dim=1)
    assert dependence(codes)[0, 1] > 0.1
    assert dependence(codes, ranked=False)[0, 1].abs() < 0.02


def test_independent_latents_scatter_around_nothing():
    found = torch.stack([dependence(uniform(300, 2, seed))[0, 1] for seed in range(40)])
    assert found.abs().max() < 0.1
    assert abs(float(found.mean())) < 3 * float(found.std()) / math.sqrt(40)


def test_a_curve_that_doubles_back_is_seen_where_the_mean_says_nothing():
    x = uniform(500, 1)
    fold = torch.cat([x, (2 * x - 1).abs()], dim=1)
    assert abs(float(torch.corrcoef(fold.mT)[0, 1])) < 0.1
    assert float(dependence(fold)[0, 1]) > 0.3
    assert float(dependence(torch.cat([x, x**3], dim=1))[0, 1]) == pytest.approx(1)


def test_scale_sign_and_shape_of_a_latent_do_not_matter_nor_does_their_order():
    codes = uniform(200, 3)
    codes[:, 2] = 0.3 * codes[:, 2] + codes[:, 0]
    found = dependence(codes)
    assert torch.equal(found, found.mT)
    assert torch.equal(found.diagonal(), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(dependence(torch.exp(5 * codes)), found)
    torch.testing.assert_close(dependence(-codes), found)
    order = [2, 0, 1]
    torch.testing.assert_close(dependence(codes[:, order]), found[order][:, order])


def test_a_constant_latent_depends_on_nothing():
    codes = uniform(100, 2)
    codes[:, 1] = 0.5
    assert torch.equal(dependence(codes), torch.zeros(2, 2, dtype=torch.float64))


def test_many_rows_are_sampled():
    codes = uniform(5000, 2)
    chosen = torch.linspace(0, 4999, 1000, dtype=torch.float64).long()
    torch.testing.assert_close(dependence(codes), dependence(codes[chosen]))


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match="at least four rows; got 3"):
        dependence(uniform(3, 2))


def test_a_latent_too_many_is_told_by_the_others_also_where_no_single_one_tells_it():
    x, y = uniform(900, 2).mT
    z = torch.sin(6 * x + 4 * y)
    assert redundancy(torch.stack([x, y, z], 1))[2] > 0.95
    assert dependence(torch.stack([x, y, z], 1)).amax(1)[2] < 0.28


def test_independent_latents_are_not_told():
    assert max(redundancy(uniform(500, 3, seed)).max() for seed in range(10)) < 0.1
    grid = torch.cartesian_prod(torch.arange(3.0), torch.arange(20.0), torch.arange(6.0))
    assert redundancy(grid).max() == 0


def test_redundancy_is_the_r_squared_of_the_nearest_neighbours():
    codes = uniform(40, 3)
    codes[:, 2] = codes[:, 0] + 0.2 * codes[:, 1]
    ranks = codes.argsort(0).argsort(0).double()
    for latent, found in enumerate(redundancy(codes)):
        others = [i for i in range(3) if i != latent]
        predicted = []
        for row in range(40):
            apart = ((ranks[:, others] - ranks[row, others]) ** 2).sum(1)
            apart[row] = math.inf
            predicted.append(ranks[apart.argsort()[:5], latent].mean())
        missed = ((torch.stack(predicted) - ranks[:, latent]) ** 2).mean()
        expected = 1 - missed / ranks[:, latent].var(correction=0)
        assert float(found) == pytest.approx(max(float(expected), 0.0), abs=0.02)


def test_redundancy_does_not_hang_on_scale_sign_and_shape_nor_on_a_dead_latent():
    codes = uniform(300, 3)
    codes[:, 2] = codes[:, 0] * codes[:, 1]
    found = redundancy(codes)
    torch.testing.assert_close(redundancy(torch.exp(5 * codes)), found)
    torch.testing.assert_close(redundancy(codes[:, [2, 1, 0]]), found.flip(0))
    dead = torch.cat([codes, torch.full((300, 1), 0.5)], 1)
    torch.testing.assert_close(redundancy(dead), torch.cat([found, torch.zeros(1).double()]))


def test_redundancy_samples_many_rows_and_refuses_few():
    codes = uniform(6000, 2)
    chosen = torch.linspace(0, 5999, 2000, dtype=torch.float64).long()
    assert torch.equal(redundancy(codes), redundancy(codes[chosen]))
    for few in (uniform(6, 2), uniform(100, 1)):
        with pytest.raises(ValueError, match="at least 7 rows of two latents"):
            redundancy(few)


def test_the_default_device_has_no_part_in_it():
    codes = torch.rand(40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    plain = dependence(codes), redundancy(codes)
    with torch.device("meta"):
        other = dependence(codes), redundancy(codes)
    assert all(torch.equal(a, b) for a, b in zip(plain, other, strict=True))
