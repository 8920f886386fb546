"""What a client submits, and whether this deployment accepts it. No framework is known here: bytes and facts in."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from core import traces
from core.comparisons.images import ImageFacts, inspect
from core.comparisons.jobs import NOT_FETCHED, ComparisonRequest, Job, new_images_key
from core.comparisons.sealing import SealKey
from core.errors import ImageRejected, LikenessError
from core.evaluations.calibrations import CalibrationStore, CalibrationUnfit, TargetUnsupported
from core.evaluations.scoring import Scoring
from core.liveness import NO_LIVENESS, Liveness, LivenessRule, LivenessSides
from core.packs.catalogue import Pack, directory_identity
from core.quality import QualityRule
from core.settings.groups import ImageLimits
from core.storage.lifecycle import Status, new_id
from core.vocabulary import Policy, Side, Threshold
from core.webhooks.destinations import CallbackRefused, DestinationRules

#: How JPEG, PNG and WebP begin in base64, and a data URI.
_IMAGES_IN_BASE64 = (b"/9j/", b"iVBORw0KGgo", b"UklGR", b"data:image/")


class FieldRefused(LikenessError):
    """Something in a submission is not accepted: `field` names it, `code` says what is wrong with it."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """Where an image is to be fetched."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageUpload:
    """An image that the client has put into the object store, by its upload's id."""

    id: str
    #: As announced.
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client asks for. What is None, the deployment decides."""

    #: The image's bytes, as they came.
    reference: bytes | ImageUrl | ImageUpload
    probe: bytes | ImageUrl | ImageUpload
    #: Name of a pack.
    pack: str | None = None
    policy: Policy | None = None
    #: On the comparison score, -1 to 1; not together with `target_fmr`.
    threshold: float | None = None
    #: The largest FMR accepted, 0 to 1: the pack's calibration gives the threshold.
    target_fmr: float | None = None
    #: None: nobody is called back.
    callback_url: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: What becomes of quality warnings.
    quality: QualityRule | None = None
    #: What becomes of the verdict on whether there is a person.
    liveness: LivenessRule | None = None
    #: Whose; says nothing where liveness is off.
    liveness_sides: LivenessSides | None = None
    #: Seconds within which it has to be begun; None: whenever somebody has time.
    expires_in_s: float | None = None

    def expires_at(self, created_at: float) -> float | None:
        """When its time is over, seconds since the epoch, UTC."""
        return None if self.expires_in_s is None else created_at + self.expires_in_s

    @property
    def urls(self) -> dict[Side, str]:
        """Where images are to be fetched."""
        images = {Side.REFERENCE: self.reference, Side.PROBE: self.probe}
        return {side: image.text for side, image in images.items() if isinstance(image, ImageUrl)}

    @property
    def uploads(self) -> dict[Side, str]:
        """What the client has put into the object store, by the ids of the uploads."""
        images = {Side.REFERENCE: self.reference, Side.PROBE: self.probe}
        return {side: image.id for side, image in images.items() if isinstance(image, ImageUpload)}

    @property
    def sent(self) -> tuple[bytes, bytes]:
        """Reference and probe as far as they were sent; nothing for one that is elsewhere."""
        reference, probe = self.reference, self.probe
        return reference if isinstance(reference, bytes) else b"", probe if isinstance(probe, bytes) else b""


@dataclass(frozen=True, slots=True)
class Rules:
    """What this deployment accepts."""

    #: By name.
    packs: Mapping[str, Pack]
    default_pack: str
    default_policy: Policy
    limits: ImageLimits
    #: None where nobody is called back: there is no secret to sign with.
    destinations: DestinationRules | None
    #: Where images are fetched from; None where none are.
    image_urls: DestinationRules | None = None
    default_quality: QualityRule = QualityRule.REPORT
    #: Name of the pack that judges liveness; None where none is installed.
    liveness_pack: str | None = None
    default_liveness: Liveness = NO_LIVENESS


@dataclass(frozen=True, slots=True)
class Terms:
    """How images are to be compared: what was asked for, and the deployment's own where nothing was."""

    #: Name of a pack.
    pack: str
    policy: Policy
    threshold: Threshold
    quality: QualityRule
    liveness: Liveness


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission that may be recorded: the job it will be, and its images, reference first, sealed with its key.

    None where both were uploaded: then there is nothing to store.
    """

    job: Job
    images: bytes | None


class Accepting:
    """Looks at everything that a client can mend, before anything is stored."""

    def __init__(self, rules: Rules, calibrations: CalibrationStore, scoring: Scoring) -> None:
        self._rules = rules
        self._calibrations = calibrations
        self._scoring = scoring

    def accept(
        self, submission: Submission, *, owner: str | None = None, digests: Mapping[str, str] | None = None
    ) -> Accepted:
        """The job that this submission will be. Raise FieldRefused for what is not accepted.

        `digests`: of images that were hashed before, the SHA-256 by the side.
        """
        hashed = digests or {}
        terms = self.terms(submission)
        seal_key, job_id, now = SealKey.new(), new_id("cmp"), time.time()
        job = Job(
            id=job_id,
            status=Status.QUEUED,
            version=1,
            created_at=now,
            owner=owner,
            request=ComparisonRequest(
                pack=terms.pack,
                policy=terms.policy,
                threshold=terms.threshold,
                images_key=new_images_key(),
                reference=self._inspected(Side.REFERENCE, submission.reference, hashed.get(Side.REFERENCE)),
                probe=self._inspected(Side.PROBE, submission.probe, hashed.get(Side.PROBE)),
                metadata=dict(submission.metadata),
                callback_url=submission.callback_url,
                urls=submission.urls,
                uploads=submission.uploads,
                quality=terms.quality,
                liveness=terms.liveness,
                expires_at=submission.expires_at(now),
                origin=traces.current(),
            ),
            event_id=new_id("evt") if submission.callback_url else None,
            seal_key=seal_key,
        )
        return Accepted(job, seal_key.seal(*submission.sent, name=job.id) if job.request.is_stored else None)

    def terms(self, submission: Submission) -> Terms:
        """How it is to be compared, and whom to call back. Raise FieldRefused for what is not accepted."""
        rules = self._rules
        pack = rules.packs.get(submission.pack or rules.default_pack)
        if pack is None:
            raise FieldRefused("pack", "pack_unknown", f"there are {', '.join(rules.packs)}; found {submission.pack!r}")
        self.check_callback(submission.callback_url)
        threshold, liveness = self._threshold(submission, pack), self._liveness(submission)
        return Terms(
            pack=pack.name,
            policy=submission.policy or rules.default_policy,
            threshold=threshold,
            quality=submission.quality or rules.default_quality,
            liveness=liveness,
        )

    def _threshold(self, submission: Submission, pack: Pack) -> Threshold:
        if submission.threshold is not None and submission.target_fmr is not None:
            raise FieldRefused("target_fmr", "threshold_ambiguous", "give a threshold or a target_fmr, not both")
        if submission.threshold is not None:
            return Threshold(submission.threshold, "request")
        if submission.target_fmr is None:
            return pack.threshold
        calibration = self._calibrations.get(directory_identity(pack).digest)
        if calibration is None:
            detail = (
                f"no run has calibrated the pack {pack.name!r} yet: whoever runs this deployment can "
                "(`likeness evaluate calibrate RUN`); until then give a threshold"
            )
            raise FieldRefused("target_fmr", "pack_not_calibrated", detail)
        policy = submission.policy or self._rules.default_policy
        try:
            calibration.require_fit(self._scoring.of(pack, policy))
            return calibration.threshold_for(submission.target_fmr)
        except (CalibrationUnfit, TargetUnsupported) as error:
            raise FieldRefused("target_fmr", error.code, str(error)) from None

    def _liveness(self, submission: Submission) -> Liveness:
        default = self._rules.default_liveness
        asked = Liveness(submission.liveness or default.rule, submission.liveness_sides or default.sides)
        if asked.is_off and submission.liveness_sides:
            detail = "liveness is off, so no side is judged: send `liveness` (report, require) as well"
            raise FieldRefused("liveness_sides", "liveness_off", detail)
        if self._rules.liveness_pack is None and not asked.is_off:
            detail = (
                "no pack that judges liveness is installed here. Whoever runs this deployment can change that: "
                "`likeness packs fetch minifasnet`, then LIKENESS_LIVENESS_PACK=minifasnet for the API and its workers"
            )
            raise FieldRefused("liveness", "liveness_not_installed", detail)
        return asked

    def check_callback(self, url: str | None) -> None:
        """Whether somebody may be called back there. Raise FieldRefused."""
        if url is None:
            return
        if self._rules.destinations is None:
            detail = "this deployment calls nobody back (LIKENESS_WEBHOOK_SECRETS, LIKENESS_WEBHOOK_ACCEPT)"
            raise FieldRefused("callback_url", "callbacks_not_configured", detail)
        try:
            self._rules.destinations.check_url(url)
        except CallbackRefused as error:
            raise FieldRefused("callback_url", error.code, str(error)) from None

    def _check_image_url(self, side: Side, url: str) -> None:
        if self._rules.image_urls is None:
            detail = (
                "URLs are not fetched here (LIKENESS_IMAGE_URLS is off): send the image, as a file or base64 in JSON"
            )
            raise FieldRefused(side, "image_urls_off", detail)
        try:
            self._rules.image_urls.check_url(url)
        except CallbackRefused as error:
            code = error.code.removeprefix("callback_").removeprefix("url_")
            raise FieldRefused(side, f"image_url_{code}", str(error)) from None

    def _inspected(self, side: Side, image: bytes | ImageUrl | ImageUpload, sha256: str | None) -> ImageFacts:
        if isinstance(image, ImageUpload):
            return NOT_FETCHED
        if isinstance(image, ImageUrl):
            self._check_image_url(side, image.text)
            return NOT_FETCHED
        if not image:
            raise FieldRefused(side, "part_empty", "this part has 0 bytes; send an image file")
        if image.startswith(_IMAGES_IN_BASE64):
            detail = "this is base64; send the image's own bytes in a form, or the base64 in a JSON body"
            raise FieldRefused(side, "image_unsupported", detail)
        limits = self._rules.limits
        try:
            return inspect(
                image,
                max_bytes=limits.max_image_bytes,
                max_pixels=limits.max_image_pixels,
                max_reduced_pixels=limits.max_reduced_pixels,
                formats=limits.image_formats,
                sha256=sha256,
            )
        except ImageRejected as error:
            raise FieldRefused(side, error.code, str(error)) from None
