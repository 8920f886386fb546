"""InsightFace's SCRFD, which places boxes and keypoints only where there is a face: the same ones, to the last bit."""

from typing import Any, Self

import cv2
import numpy as np
from insightface.model_zoo.scrfd import SCRFD, distance2bbox, distance2kps

from worker.engine.contract import Image

Arrays = list[np.ndarray[Any, Any]]

#: Means and deviations with which nothing is rounded, however it is computed: SCRFD's, and those of YuNet in our pack.
EXACT = ((127.5, 128.0), (0.0, 1.0))


class Scrfd(SCRFD):  # type: ignore[misc]  # InsightFace is untyped
    """InsightFace places all 4,200 boxes of a view of 320 pixels, 16,800 of 640, and then takes those with a face."""

    #: Whether one session runs every size.
    has_one_session = False

    @classmethod
    def of(cls, model: SCRFD) -> Self:
        """With the sessions and all that a loaded one was told, by its pack's manifest among others."""
        ours = cls.__new__(cls)
        ours.__dict__.update(model.__dict__)
        return ours

    def forward(self, img: Image, threshold: float) -> tuple[Arrays, Arrays, Arrays]:
        """Scores, boxes and keypoints of each stride."""
        size = img.shape[1::-1]
        blob = self._prepare_input_blob(img, size)
        outputs = self._session_for_input_size(size).run(self.output_names, {self.input_name: blob})
        if self.batched:
            outputs = [output[0] for output in outputs]
        found: tuple[Arrays, Arrays, Arrays] = [], [], []
        for level, stride in enumerate(self._feat_stride_fpn):
            scores, boxes, *keypoints = outputs[level :: self.fmc]
            rows = np.where(scores >= threshold)[0]
            down, across = np.divmod(rows // self._num_anchors, size[0] // stride)
            centres = (np.stack([across, down], axis=-1) * stride).astype(np.float32)
            found[0].append(scores[rows])
            found[1].append(distance2bbox(centres, boxes[rows] * stride))
            if self.use_kps:
                points = distance2kps(centres, keypoints[0][rows] * stride)
                found[2].append(points.reshape(len(rows), points.shape[1] // 2, 2))
        return found

    @property
    def _takes(self) -> type:
        """InsightFace knows it of packs with a manifest, and takes that of others for floats."""
        return getattr(self, "input_dtype", np.float32)

    def _session_for_input_size(self, input_size: tuple[int, int]) -> Any:
        """A session of its own for each square; one for all narrower views, of which there may be many."""
        width, height = input_size
        if self.has_one_session or width != height:
            return self.session
        return super()._session_for_input_size(input_size)

    def _prepare_input_blob(self, img: Image, input_size: tuple[int, int]) -> np.ndarray[Any, Any]:
        """What `cv2.dnn.blobFromImage` makes, in half the time."""
        if (self.input_mean, self.input_std) not in EXACT or self._takes is not np.float32:
            blob: np.ndarray[Any, Any] = super()._prepare_input_blob(img, input_size)
            return blob
        width, height = input_size
        blob = np.empty((1, 3, height, width), np.float32)
        scale, shift = 1 / self.input_std, -self.input_mean / self.input_std
        for channel, plane in zip(reversed(blob[0]), cv2.split(img), strict=True):
            cv2.addWeighted(plane, scale, plane, 0, shift, dst=channel, dtype=cv2.CV_32F)
        return blob
