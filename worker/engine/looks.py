"""Looking again: a face that is missing, weak or leaning is looked for at other sizes and turns before it counts.

Which looks there are, in what order, and what each costs: docs/engine.md, "Looks".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.vocabulary import Policy, Reason
from worker.engine.align import lean_deg
from worker.engine.contract import Unusable
from worker.engine.decode import DecodedImage
from worker.engine.detect import DetectedFace, Detections, Detector
from worker.engine.select import select
from worker.engine.views import View

#: A face that leans further than this by its keypoints is not clear: 99 % of the faces of LFW lean less, and YuNet may
#: read a third of a roll. If straightening turns it by no more than MOST_ROLL_DEG, it stays as it was first seen: up to
#: there its keypoints are as good.
MOST_LEAN_DEG, MOST_ROLL_DEG = 8.0, 15.0

#: A sight turned by nearly one, two or three quarters is taken at just that turn, if the face is clear there as well.
NEAR_A_QUARTER_DEG = 22.5

#: How much clearer a face must be for each degree it seems to lean; that of an upright one does not fall within 10.
CLEARER_PER_DEG = 0.0015

#: How much less a face is worth for each degree beyond MOST_LEAN_DEG.
LESS_PER_DEG = 0.01

#: How much more a turned sight must be worth than the first: upside down, hardly a face of LFW gets within MARGIN of
#: what upright ones get. One that is not clear says less: a profile may seem a little clearer upside down.
MARGIN, MARGIN_OF_UNCLEAR = 0.02, 0.05

#: A straightened face leans no further, unless so many looks were not enough.
STRAIGHT_DEG, STRAIGHTENING_LOOKS = 1.5, 5

#: Of the turns of a round, the most worthy.
STRAIGHTENED_OF_A_ROUND = 2

#: A face is straightened in a view of its own, of which its longer side is so much: as in the images of LFW.
FACE_PART = 0.5

#: Around an image whose face may fill it: a part of its longer side.
BORDER = 0.25

#: Clockwise.
QUARTER_TURNS_DEG = (90, 180, 270)
EIGHTH_TURNS_DEG = (45, 135, 225, 315)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look showed, in pixels of the whole image."""

    #: The chosen face among them.
    detections: Detections
    chosen: DetectedFace
    #: How far the image was turned clockwise.
    turned_deg: float = 0.0

    @property
    def lean_deg(self) -> float:
        """How far the chosen face leans clockwise in what was looked at; -180 to 180."""
        return _lean_deg(self.chosen, self.turned_deg)

    @property
    def worth(self) -> float:
        """By which two sights of an image are compared; larger is better."""
        lean = abs(self.lean_deg)
        return self.chosen.score - CLEARER_PER_DEG * lean - LESS_PER_DEG * max(0.0, lean - MOST_LEAN_DEG)

    def with_chosen(self, face: DetectedFace, size: int, turned_deg: float) -> "Sight":
        """The same faces, the chosen one seen better."""
        faces = [face if other is self.chosen else other for other in self.detections.faces]
        return Sight(Detections(faces, size), face, turned_deg)


@dataclass(frozen=True, slots=True)
class NoSight:
    """A look, or several, that showed no face to choose."""

    why: Unusable
    #: All faces, where there are too many; in pixels of the whole image.
    detections: Detections


class Looks:
    """How a detector is asked for the face that counts, until there clearly is one."""

    def __init__(self, detector: Detector, clear_score: float) -> None:
        """`clear_score`: what nearly every upright face reaches and hardly any turned one, 0 to 1."""
        self._detector = detector
        self._clear_score = clear_score

    def at(self, image: DecodedImage, policy: Policy) -> Sight | NoSight:
        """The best upright sight of the face that the policy chooses: the first, if it is clear."""
        first = _sight(self._detector.look(image.pixels, policy).enlarged(image.scale), policy, image)
        if self._is_final(first):
            return first
        best = self._best(image, policy, first)
        if isinstance(best, NoSight):
            return best
        is_as_first = abs(_within_half_a_turn(best.turned_deg)) <= MOST_ROLL_DEG
        return first if is_as_first and isinstance(first, Sight) else self._squared(image, best)

    def _best(self, image: DecodedImage, policy: Policy, first: Sight | NoSight) -> Sight | NoSight:
        best = straight = self._straightened(image, first) if isinstance(first, Sight) else first
        if isinstance(straight, Sight) and self._is_clear(straight, MARGIN):
            return straight
        for views in self._rounds(image, first):
            sights = [self._through(view, image, policy) for view in views]
            if several := [sight for sight in sights if isinstance(sight, NoSight) and self._is_final(sight)]:
                return several[0]
            found = sorted((sight for sight in sights if isinstance(sight, Sight)), key=_worth, reverse=True)
            for sight in [self._straightened(image, sight) for sight in found[:STRAIGHTENED_OF_A_ROUND]]:
                margin = MARGIN if self._is_clear(sight) else MARGIN_OF_UNCLEAR
                if isinstance(best, NoSight) or sight.worth > best.worth + (margin if best is straight else 0.0):
                    best = sight
            if isinstance(best, Sight) and self._is_clear(best):
                break
        return best

    def _is_final(self, sight: Sight | NoSight) -> bool:
        if isinstance(sight, NoSight):
            return sight.why.reason is Reason.MULTIPLE_FACES
        return self._is_clear(sight)

    def _is_clear(self, sight: Sight, margin: float = 0.0) -> bool:
        return abs(sight.lean_deg) <= MOST_LEAN_DEG and sight.worth >= self._clear_score + margin

    def _rounds(self, image: DecodedImage, first: Sight | NoSight) -> Iterator[list[View]]:
        """Views of the whole image; those of one round differ by their turn alone, so that their scores compare.

        Where nothing was found, the face may also be too large or too small for the size, or fill the image.
        """
        small, size = self._detector.small_size, self._detector.size_for(image.pixels)
        if isinstance(first, Sight):
            yield _turned(image, first.detections.size, QUARTER_TURNS_DEG)
        else:
            if size > small:
                yield _turned(image, small, (0, *QUARTER_TURNS_DEG))
            yield _turned(image, small, (0, *QUARTER_TURNS_DEG), BORDER)
            yield _turned(image, size, QUARTER_TURNS_DEG)
        yield _turned(image, small, EIGHTH_TURNS_DEG)

    def _through(self, view: View, image: DecodedImage, policy: Policy) -> Sight | NoSight:
        """More faces than one are an answer only where a clear one is among them."""
        faces = [view.back(face) for face in self._detector.find_at(view.size, view.of(image))]
        detections = Detections(faces, view.size)
        sight = _sight(detections, policy, image, view.turn_deg)
        is_clear = any(self._is_clear(Sight(detections, face, view.turn_deg)) for face in faces)
        return sight if is_clear or isinstance(sight, Sight) else _sight(Detections([], view.size), policy, image)

    def _straightened(self, image: DecodedImage, sight: Sight) -> Sight:
        """The chosen face, seen alone and turned by what it leans; more than once, for some of a lean may be unread."""
        best = last = sight
        for _ in range(STRAIGHTENING_LOOKS):
            if abs(last.lean_deg) <= STRAIGHT_DEG:
                break
            seen = self._alone(image, last, last.turned_deg - last.lean_deg)
            if seen is None or seen.chosen.score < best.chosen.score - MARGIN_OF_UNCLEAR:
                break
            last = seen
            best = max(best, last, key=_worth)
        return best

    def _squared(self, image: DecodedImage, sight: Sight) -> Sight:
        quarter_deg = 90 * round(sight.turned_deg / 90)
        if quarter_deg % 360 == 0 or not 0 < abs(sight.turned_deg - quarter_deg) <= NEAR_A_QUARTER_DEG:
            return sight
        seen = self._alone(image, sight, quarter_deg)
        return seen if seen and self._is_clear(seen) else sight

    def _alone(self, image: DecodedImage, sight: Sight, turn_deg: float) -> Sight | None:
        """The chosen face in a view of its own; None where it is not found there."""
        view = View.of_face(sight.chosen, self._detector.small_size, turn_deg, FACE_PART)
        faces = [view.back(face) for face in self._detector.find_at(view.size, view.of(image))]
        face = next((face for face in faces if _is_same(face, sight.chosen)), None)
        return sight.with_chosen(face, view.size, view.turn_deg) if face else None


def _turned(image: DecodedImage, size: int, turns_deg: tuple[int, ...], border: float = 0.0) -> list[View]:
    return [View.of_whole(image, size, turn_deg, border) for turn_deg in turns_deg]


def _worth(sight: Sight) -> float:
    return sight.worth


def _sight(detections: Detections, policy: Policy, image: DecodedImage, turned_deg: float = 0.0) -> Sight | NoSight:
    chosen = select(detections.faces, policy, (image.height, image.width))
    return NoSight(chosen, detections) if isinstance(chosen, Unusable) else Sight(detections, chosen, turned_deg)


def _lean_deg(face: DetectedFace, turned_deg: float) -> float:
    return _within_half_a_turn(lean_deg(face.keypoints) + turned_deg)


def _within_half_a_turn(angle_deg: float) -> float:
    return (angle_deg + 180) % 360 - 180


def _is_same(face: DetectedFace, other: DetectedFace) -> bool:
    """Whether the middle of the one lies in the other."""
    left, top, right, bottom = face.box
    x, y = other.middle
    return left <= x <= right and top <= y <= bottom
