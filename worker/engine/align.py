"""The aligned crop a recogniser expects, the five keypoints as near its template as can be: 112 x 112 and ArcFace's,
unless the pack declares its own."""

import cv2
import numpy as np
import numpy.typing as npt
from insightface.utils.face_align import arcface_dst

from worker.engine.contract import Image
from worker.engine.detect import Point
from worker.engine.inputs import NetworkInput

CROP_SIZE = 112
TEMPLATE_CENTRE = arcface_dst.mean(axis=0)  # in float32, as InsightFace has it


def align(image: Image, keypoints: tuple[Point, ...]) -> Image:
    """Move, turn and scale the face onto the template; what lies outside the image is black."""
    crop: Image = cv2.warpAffine(image, similarity(keypoints), (CROP_SIZE, CROP_SIZE), borderValue=0.0)
    return crop


def align_for(network: NetworkInput, image: Image, keypoints: tuple[Point, ...]) -> Image:
    """As `align`, onto the template that a network declares, at its size."""
    matrix = similarity(keypoints, np.asarray(network.template, np.float32))
    crop: Image = cv2.warpAffine(image, matrix, (network.size, network.size), borderValue=0.0)
    return crop


def similarity(
    keypoints: tuple[Point, ...], template: npt.NDArray[np.float32] = arcface_dst
) -> npt.NDArray[np.float64]:
    """The 2x3 matrix that brings the keypoints nearest to the template, in the least-squares sense.

    In the complex plane a similarity is z -> a*z + b, so `a` is a quotient of sums: the same answer as InsightFace's,
    which calls a scikit-image function on its way out.
    """
    points = np.asarray(keypoints, np.float64)
    centre, template_centre = points.mean(axis=0), template.mean(axis=0)  # the latter in float32, as InsightFace has it
    face, wanted = _complex(points - centre), _complex(template - template_centre)
    a = np.sum(face.conj() * wanted) / max(float(np.sum(np.abs(face) ** 2)), 1e-12)
    b = complex(*template_centre) - a * complex(*centre)
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def lean_deg(keypoints: tuple[Point, ...]) -> float:
    """How far clockwise a face leans by its keypoints, -180 to 180: what `align` turns it back by."""
    matrix = similarity(keypoints)
    return float(np.degrees(np.arctan2(-matrix[1, 0], matrix[0, 0])))


def _complex(points: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    values: npt.NDArray[np.complex128] = points[:, 0] + 1j * points[:, 1].astype(np.float64)
    return values
