"""The failure vocabulary. The class says whether trying again may help; `code` is stable for machines."""


class LikenessError(Exception):
    """Something went wrong that we have a name for."""

    code = "internal"
    retryable = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class SettingsInvalid(LikenessError):
    """A setting is missing or has a value that cannot be used."""

    code = "settings_invalid"


class RedisUnavailable(LikenessError):
    """A server that speaks Redis did not answer in time, or answered that it does not do what it was asked."""

    code = "broker_unavailable"  # of both kinds: HTTP's contract makes no difference
    retryable = True
    server = "Redis"
    #: The server said so itself, to the only try there was: nothing was done. Without an answer, nobody knows.
    is_refusal = False


class RecordsUnavailable(RedisUnavailable):
    """The server of the records did not answer in time, or refused."""

    server = "the server of the records"


class BrokerUnavailable(RedisUnavailable):
    """The broker did not take a message, or did not say how many wait, in time."""

    server = "the broker"


class RabbitUnavailable(BrokerUnavailable):
    """RabbitMQ did not take a message, or did not say how many wait, in time."""

    server = "RabbitMQ"


class StoreUnavailable(LikenessError):
    """The object store did not answer in time."""

    code = "store_unavailable"
    retryable = True


class StoreSilent(StoreUnavailable):
    """The object store did not answer in time."""

    # It took the call, and may yet do what it was asked.


class ObjectNotFound(LikenessError):
    """No object is stored under this key."""

    code = "object_not_found"


class RecordNotFound(LikenessError):
    """No job, run or delivery has this id: it never existed, was erased, or its retention has ended."""

    code = "job_not_found"  # of runs and deliveries too: HTTP's contract, which cannot change


class RecordUnreadable(LikenessError):
    """A record has a form that this version does not know: a newer one has written it, or it is damaged."""

    code = "record_unreadable"


class UploadNotFound(LikenessError):
    """No upload has this id: it never existed, was erased, or its time has been over for long."""

    code = "upload_not_found"


class UploadUsed(LikenessError):
    """One submission may name an upload, before its time is over: another has named it, or the time is over."""

    code = "upload_used"


class UploadDiffers(LikenessError):
    """What was put is not what was announced: another size, another format or another digest."""

    code = "upload_differs"


class KeyUnknown(LikenessError):
    """No API key has this id."""

    code = "key_unknown"


class TransitionRefused(LikenessError):
    """The job's status does not allow this step: a terminal state never changes."""

    code = "transition_refused"


class JobHeld(TransitionRefused):
    """Another worker is at this job."""

    code = "job_held"


class JobBegunBefore(LikenessError):
    """A worker that is gone has begun this job: it may be what ended that worker."""

    code = "job_begun_before"


class ImageRejected(LikenessError):
    """The bytes are not an image we accept."""

    code = "image_rejected"


class UnsupportedImage(ImageRejected):
    """The bytes are not an image in one of the accepted formats."""

    code = "image_unsupported"


class ImageTooLarge(ImageRejected):
    """The image has more bytes or more pixels than the limit."""

    code = "image_too_large"


class ImageUndecodable(ImageRejected):
    """The image's header is sound but its pixels cannot be decoded: it is truncated or damaged."""

    code = "undecodable_image"


class ImagesDamaged(LikenessError):
    """The stored images are not the ones that were submitted: what lies there does not open with the job's key."""

    code = "images_damaged"


class ImagesErased(LikenessError):
    """The images of this job are no longer kept: they were erased, or what opens them is forgotten."""

    code = "images_erased"


class PackUnknown(LikenessError):
    """No pack of this name is in the pack list."""

    code = "pack_unknown"


class PackMissing(LikenessError):
    """The pack is in the list but not on this machine."""

    code = "pack_missing"


class PackCorrupt(LikenessError):
    """A file of the pack differs from its recorded digest."""

    code = "pack_corrupt"


class LivenessNotInstalled(LikenessError):
    """Liveness was asked for, and this worker has no pack that judges it."""

    code = "liveness_not_installed"


class DatasetUnknown(LikenessError):
    """No data set of this name is in the object store."""

    code = "dataset_unknown"


class LicenceNotAccepted(LikenessError):
    """The pack's licence must be accepted in the settings before it is fetched or loaded."""

    code = "licence_not_accepted"


class DownloadFailed(LikenessError):
    """No source delivered the file with the expected digest."""

    code = "download_failed"
    retryable = True


class EngineUnavailable(LikenessError):
    """What computes elsewhere for this worker did not answer in time."""

    code = "engine_unavailable"
    retryable = True


class ProviderUnavailable(LikenessError):
    """The execution provider that was asked for is not the one that runs."""

    code = "provider_unavailable"
