"""Composite, comovement and standing: closed-form numbers (J01, J03, J05, J07), and no look ahead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.methods.comovement import (
    absorption_path,
    absorption_ratio,
    absorption_shift,
    delta_covar,
    turbulence,
    turbulence_path,
)
from pipeline.methods.composite import aggregate, composite, ewma_correlations, group_scores
from pipeline.methods.standing import recursive_rank, robust_z

Array = npt.NDArray[np.float64]


def normals(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape)


def uniforms(*shape: int) -> Array:
    return np.random.default_rng(0).random(shape)


def test_j01_aggregation() -> None:
    scores, weights = [0.5, 0.6, 0.7, 0.8, 0.9], [0.15, 0.15, 0.25, 0.30, 0.15]
    assert aggregate(scores, weights, np.eye(5)) == pytest.approx(0.120175, abs=1e-12)
    assert aggregate(scores, weights, np.ones((5, 5))) == pytest.approx(0.511225, abs=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_j03_absorption_of_equal_correlations(rho: float) -> None:
    """((1 + (n-1) rho) + (k-1)(1 - rho)) / n with n = 10 and k = 2."""
    matrix = np.full((10, 10), rho) + (1.0 - rho) * np.eye(10)
    assert absorption_ratio(matrix) == pytest.approx({0.0: 0.2, 0.5: 0.6, 1.0: 1.0}[rho], abs=1e-12)


def test_j05_turbulence() -> None:
    today = turbulence([1, -2, 3], [[4, 2, 0], [2, 9, 3], [0, 3, 16]])
    assert today.distance == pytest.approx(2.0735294117647, abs=1e-9)
    assert today.magnitude == pytest.approx(1.2569444444, abs=1e-9)
    assert today.correlation_surprise == pytest.approx(1.6496587586, abs=1e-9)


def test_j07_gaussian_delta_covar() -> None:
    assert delta_covar(0.6, 0.04, 0.05) == pytest.approx(-0.039476487, abs=1e-9)
    with pytest.raises(ValueError, match="use fractions"):
        delta_covar(0.6, 0.04, 5)


def test_correlations_by_hand() -> None:
    """Two groups at 1.0 and 0.9 once: variances 0.93/12 + 0.07 x 0.25 and x 0.16, covariance 0.07 x 0.2."""
    (found,) = ewma_correlations(np.array([[1.0, 0.9]]))
    # 0.0775 + 0.0175 = 0.095; 0.0775 + 0.0112 = 0.0887; 0.014 / sqrt(0.095 x 0.0887) = 0.152512
    assert found == pytest.approx(np.array([[1.0, 0.152512], [0.152512, 1.0]]), abs=1e-6)


def test_groups_are_means_of_the_ranks_seen() -> None:
    ranks = np.array([[0.2, 0.4, 0.9], [np.nan, 0.4, np.nan], [np.nan, np.nan, 0.1]])
    scores = group_scores(ranks, [[0, 1], [2]])
    np.testing.assert_allclose(scores, [[0.3, 0.9], [0.4, np.nan], [np.nan, 0.1]])


def test_groups_stressed_together_count_more_than_apart() -> None:
    """The same mean score on the last day; before it the groups moved as one, or against each other."""
    together = np.tile([[0.9, 0.9], [0.1, 0.1]], (60, 1))
    apart = np.tile([[0.9, 0.1], [0.1, 0.9]], (60, 1))
    last = np.array([[0.8, 0.8]])
    found = [composite(np.vstack((path, last)), [0.5, 0.5], minimum=30) for path in (together, apart)]
    assert found[0].equal[-1] == found[1].equal[-1] == pytest.approx(0.8)
    assert found[0].ciss[-1] == pytest.approx(0.64, abs=0.01)  # correlation near 1: the square of the mean
    assert found[1].ciss[-1] < 0.1  # correlation near -1: what is left of 0.4^2 + 0.4^2 - 2 x 0.4^2
    assert found[0].component[-1] == pytest.approx(0.8, abs=1e-9)  # both load 1/2


def test_a_group_not_seen_is_left_out_and_said() -> None:
    scores = uniforms(80, 4)
    scores[70, 1] = np.nan
    scores[71] = np.nan
    found = composite(scores, [0.4, 0.3, 0.2, 0.1], minimum=30)
    assert found.seen_weight_ratio[69:72] == pytest.approx([1.0, 0.7, 0.0])
    assert found.equal[70] == pytest.approx(np.mean(scores[70, [0, 2, 3]]))
    three = aggregate(
        scores[70, [0, 2, 3]],
        [4 / 7, 2 / 7, 1 / 7],
        ewma_correlations(scores)[70][np.ix_([0, 2, 3], [0, 2, 3])],
    )
    assert found.ciss[70] == pytest.approx(three)
    assert np.isnan([found.ciss[71], found.equal[71], found.component[70]]).all()
    assert np.isfinite(found.ciss[72])


def test_weights_must_fit() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        composite(uniforms(5, 2), [0.5, 0.6], minimum=2)


def test_the_component_is_the_first_of_the_covariance() -> None:
    scores = uniforms(200, 3)
    scores[:, 1] = 0.9 * scores[:, 0] + 0.1 * scores[:, 1]
    found = composite(scores, [1 / 3] * 3, minimum=50)
    values, vectors = np.linalg.eigh(np.cov(scores[:150], rowvar=False))
    first = np.abs(vectors[:, np.argmax(values)]) * np.sign(vectors[:, np.argmax(values)])
    loadings = first * np.sign(first.sum()) / np.abs(first).sum()
    assert found.component[149] == pytest.approx(scores[149] @ loadings)
    assert np.isnan(found.component[:49]).all()


def test_ranks_by_hand() -> None:
    ranks = recursive_rank([3.0, 1.0, np.nan, 2.0, 3.0, 9.0], minimum=2)
    # of (3, 1): 1 is 1 of 2; of (3, 1, 2): 2 is 2 of 3; of (3, 1, 2, 3): 3 is 4 of 4; then 5 of 5
    np.testing.assert_allclose(ranks, [np.nan, 0.5, np.nan, 2 / 3, 1.0, 1.0])


def test_robust_z_by_hand() -> None:
    # before it 1, 2, 3, 4, 100: median 3, absolute deviations 2, 1, 0, 1, 97: median 1; (6 - 3) / 1.4826
    scores = robust_z([1.0, 2.0, 3.0, 4.0, 100.0, 6.0], window=5, minimum=5)
    assert scores[5] == pytest.approx(3.0 / 1.4826, abs=1e-4)
    assert np.isnan(scores[:5]).all()
    assert np.isnan(robust_z([1.0] * 9 + [2.0], window=9, minimum=5)).all()  # no spread to measure by


def test_robust_z_of_normal_values_has_their_scale() -> None:
    scores = robust_z(normals(3000), window=1000, minimum=1000)
    assert np.nanstd(scores) == pytest.approx(1.0, abs=0.05)


def test_absorption_rises_when_one_factor_takes_over() -> None:
    changes = normals(300, 10)
    changes[200:] = 0.3 * changes[200:] + changes[200:, :1]
    changes[250, 3] = np.nan
    path = absorption_path(changes, window=60, half_life_days=30)
    assert np.isnan(path[:59]).all()
    assert path[150] < 0.55
    assert path[299] > 0.85
    shift = absorption_shift(path, short=15, long=120)
    assert np.isnan(shift[:178]).all()
    assert shift[225] > 1.0


def test_an_ordinary_day_has_a_turbulence_of_one_however_many_assets() -> None:
    for assets in (5, 40):
        distance, surprise = turbulence_path(normals(1200, assets), window=100)
        assert np.isnan(distance[:100]).all()
        assert np.nanmean(distance) == pytest.approx(1.0, abs=0.06)
        assert np.nanmean(surprise) == pytest.approx(1.0, abs=0.1)


def test_a_day_against_the_usual_comovement_is_turbulent() -> None:
    changes = normals(201, 1) + 0.2 * normals(201 * 6).reshape(201, 6)
    changes[200] = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]  # ordinary sizes, never seen together
    distance, surprise = turbulence_path(changes, window=120)
    assert distance[200] > 10.0
    assert surprise[200] > 10.0


def test_a_pair_of_twins_has_no_turbulence() -> None:
    changes = normals(60, 5)
    changes[:, 4] = 0.0
    assert np.isnan(turbulence_path(changes, window=40)[0]).all()  # four assets that move


def test_nothing_of_a_day_depends_on_later_ones() -> None:
    scores, changes, series = uniforms(150, 4), normals(150, 6), normals(150)
    for whole, cut in (
        (
            composite(scores, [0.25] * 4, minimum=30).ciss,
            composite(scores[:100], [0.25] * 4, minimum=30).ciss,
        ),
        (
            composite(scores, [0.25] * 4, minimum=30).component,
            composite(scores[:100], [0.25] * 4, minimum=30).component,
        ),
        (absorption_path(changes, 50, 25), absorption_path(changes[:100], 50, 25)),
        (turbulence_path(changes, 50)[0], turbulence_path(changes[:100], 50)[0]),
        (recursive_rank(series, 20), recursive_rank(series[:100], 20)),
        (robust_z(series, 50, 20), robust_z(series[:100], 50, 20)),
    ):
        assert np.isfinite(whole[99])
        np.testing.assert_allclose(whole[:100], cut, rtol=1e-12)
