"""Each effect of a camera alone, and the mapping from the sheet to the photograph."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from digits.synthesis.camera import EVEN_LIGHT, UNMOVED_CORNERS, Shot, photograph_sheet, sample_shot

SHEET = np.full((120, 160, 3), 200, np.uint8)


def photograph(sheet: np.ndarray = SHEET, **settings: object) -> np.ndarray:
    corners, light = settings.pop("corners", UNMOVED_CORNERS), settings.pop("light", EVEN_LIGHT)
    return photograph_sheet(sheet, Shot(corners, light, **settings), np.random.default_rng(0))[0]  # type: ignore[arg-type]


def test_perfect_camera_changes_nothing() -> None:
    sheet = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    picture, homography = photograph_sheet(sheet, Shot(UNMOVED_CORNERS, EVEN_LIGHT), np.random.default_rng(0))
    assert np.array_equal(picture, sheet)
    np.testing.assert_allclose(homography, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_homography_maps_points_of_the_sheet(seed: int) -> None:
    rng = np.random.default_rng(seed)
    place = rng.integers(30, 90, 2)
    sheet = np.zeros((120, 120, 3), np.uint8)
    cv2.circle(sheet, (int(place[0]), int(place[1])), 4, (255, 255, 255), -1)
    picture, homography = photograph_sheet(sheet, Shot(rng.normal(0, 0.06, (4, 2)), EVEN_LIGHT), rng)
    x, y, per = homography @ (*place, 1)
    rows, columns = np.nonzero(picture[:, :, 0] > 127)
    assert (columns.mean(), rows.mean()) == pytest.approx((x / per, y / per), abs=0.6)


def test_perspective_agrees_with_opencv() -> None:
    smooth = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (90, 110, 3)).astype(np.uint8), (0, 0), 3)
    corners = np.array([(0.05, 0.02), (-0.03, 0.04), (-0.02, -0.05), (0.04, -0.01)])
    picture, homography = photograph_sheet(smooth, Shot(corners, EVEN_LIGHT), np.random.default_rng(0))
    expected = cv2.warpPerspective(smooth, homography, (110, 90), borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(picture.astype(int) - expected).mean() < 0.5


def test_light_is_set_for_each_corner() -> None:
    picture = photograph(light=np.array([1.0, 0.8, 0.6, 0.4]))
    corners = picture[[0, 0, -1, -1], [0, -1, -1, 0], 0]
    assert corners == pytest.approx([200, 160, 120, 80], abs=3)


def test_vignette_darkens_only_the_corners() -> None:
    picture = photograph(vignette=0.3)
    assert picture[60, 80, 0] == pytest.approx(200, abs=2)
    assert picture[0, 0, 0] == pytest.approx(140, abs=4)


def test_shadow_darkens_one_side_of_its_edge() -> None:
    picture = photograph(shadow=0.5, shadow_edge=(0.5, 0.5, 0.0), shadow_softness=0.05)
    assert picture[60, 10, 0] == pytest.approx(200, abs=2)
    assert picture[60, 150, 0] == pytest.approx(100, abs=2)


@pytest.mark.parametrize("settings", [{"blur": 2.0}, {"shake": 6.0}])
def test_blur_and_shake_soften_edges_and_keep_the_mean(settings: dict[str, float]) -> None:
    sheet = np.zeros((80, 80, 3), np.uint8)
    sheet[:, 40:] = 200
    picture = photograph(sheet, **settings)
    assert np.abs(np.diff(picture[40, :, 0].astype(int))).max() < 80
    assert picture.mean() == pytest.approx(sheet.mean(), rel=0.02)


def test_shake_has_a_direction() -> None:
    sheet = np.zeros((80, 80, 3), np.uint8)
    sheet[:, 40:] = 200
    along_the_edge = photograph(sheet, shake=8.0, shake_angle=np.pi / 2)
    assert np.abs(np.diff(along_the_edge[40, :, 0].astype(int))).max() > 150


def test_noise_has_the_given_deviation() -> None:
    picture = photograph(np.full((200, 200, 3), 128, np.uint8), noise=9.0).astype(float)
    assert picture.std() == pytest.approx(9, rel=0.05)
    assert np.ptp(picture, axis=2).max() == 0


def test_contrast_exposure_and_warmth_change_levels() -> None:
    assert photograph(contrast=0.5).mean() == pytest.approx(164, abs=1)
    assert photograph(exposure=20.0).mean() == pytest.approx(220, abs=1)
    red, green, blue = photograph(warmth=10.0)[0, 0].astype(int)
    assert (red - green, blue - green) == (10, -10)


def test_lower_quality_changes_more() -> None:
    sheet = np.random.default_rng(0).integers(100, 156, (80, 80, 3)).astype(np.uint8)
    errors = [np.abs(photograph(sheet, quality=quality).astype(int) - sheet).mean() for quality in (95, 50, 10)]
    assert errors == sorted(errors)
    assert errors[0] < errors[2] - 2


def test_shots_vary_and_are_mostly_good() -> None:
    rng = np.random.default_rng(0)
    shots = [sample_shot(rng, 5.0) for _ in range(400)]
    assert 0.15 < np.mean([(shot.light == 1).all() for shot in shots]) < 0.35
    assert 0.1 < np.mean([shot.shadow > 0 for shot in shots]) < 0.4
    assert max(shot.blur for shot in shots) <= 2.5
    assert np.quantile([np.abs(shot.corners).max() for shot in shots], 0.8) < 0.08
    assert all(30 <= shot.quality <= 95 for shot in shots)
