"""The words of the page: what groups of measurements, ratios, ways, parts, steps and plots are called, and are."""

PLOTS = {
    "throughput": "Comparisons a second against clients at a time",
    "latency": "Latency percentiles against offered load",
    "budget": "Where a job's time goes",
    "simulation": "Simulated throughput and utilisation against GPUs",
    "memory": "Resident memory over time",
}
GROUPS = {
    "ratios": "the ratios",
    "targets": "the targets",
    "comparisons": "throughput under more and more clients",
    "offered": "latency under offered load",
    "idle": "the latency at rest",
    "accept": "how fast jobs are accepted",
    "budget": "where a job's time goes",
    "profile": "what Python does in the API and in a worker",
    "batches": "batches",
    "variants": "other settings",
    "evaluation": "an evaluation run",
    "mixed": "comparisons while a run is in flight",
    "workers": "a second worker",
    "queue": "the long queue",
    "soak": "the soak",
    "simulation": "the simulation",
}
VERDICTS = {True: "met", False: "**not met**", None: "not measured"}
RATIOS = {
    "api_to_engine": "comparisons/s: through the API, to the engine alone",
    "small_api_to_engine": "comparisons/s: through the API, to the engine alone, with images of 250 x 250",
    "worker_to_engine": "CPU of a comparison: the engine alone, to a worker process with the engine in it",
    "api_to_sync": "comparisons/s: through the API, to the synchronous peer",
    "api_to_deepface": "comparisons/s: through the API with 8 clients, to a DeepFace loop in one process",
    "batch_to_engine": "pairs/s: a batch of distinct pairs, to the engine alone",
    "one_reference_to_engine": "pairs/s: one reference against many probes, to the engine alone",
    "rclone_api_to_engine": "comparisons/s with rclone's store: through the API, to the engine alone",
    "rclone_api_to_sync": "comparisons/s with rclone's store: through the API, to the synchronous peer",
    "uploads_api_to_engine": "comparisons/s with photographs uploaded: through the API, to the engine alone",
    "uploads_api_to_sync": "comparisons/s with photographs uploaded: through the API, to the synchronous peer",
    "openvino_api_to_engine": "comparisons/s with OpenVINO: through the API, to its engine alone",
    "openvino_api_to_sync": "comparisons/s with OpenVINO: through the API, to the synchronous peer",
    "openvino_rclone_api_to_engine": "comparisons/s with OpenVINO and rclone: through the API, to its engine alone",
    "openvino_rclone_api_to_sync": "comparisons/s with OpenVINO and rclone: through the API, to the synchronous peer",
    "evaluation_to_engine": "images/s: an evaluation run, to the engine alone",
}
VARIANTS = {
    "usual": "as usual",
    "rclone": "`LIKENESS_LOCAL_STORE=rclone`",
    "openvino": "`LIKENESS_PROVIDER=openvino`",
    "openvino_rclone": "OpenVINO and rclone",
    "uploads": "photographs uploaded",
}
WAYS_OF_BATCHES = {
    "engine": "engine alone",
    "distinct": "distinct pairs",
    "one_reference": "one reference, many probes",
}
NAMES = {
    "engine": "engine alone",
    "api": "API",
    "sync": "synchronous",
    "deepface": "DeepFace",
    "redis": "Redis",
    "s3": "object store",
}
PEERS = {
    "engine": "Likeness's own engine and pack, called by threads in one process; no service around it.",
    "api": "The whole of Likeness, from the upload to the terminal state, with `Prefer: wait`.",
    "sync": (
        "What everybody builds first: one FastAPI process that compares inside the request with InsightFace as it is: "
        "the pack's own graphs, and its default size for every image. It keeps nothing, limits nothing, and what is "
        "in flight dies with it."
    ),
    "deepface": (
        "`DeepFace.verify` in a loop, on this pack's YuNet and SFace. A library and no service; its detector keeps "
        "state, so one process compares one pair at a time. It detects and aligns in its own way, so its scores differ."
    ),
}
PARTS = {
    "engine": "Decodes, detects, aligns, embeds and scores: the work itself, without which there is no answer.",
    "worker beside the engine": (
        "Takes and acknowledges a Celery message, starts the job, renews its lease, fetches the photographs, records "
        "the end. Python, beside the engine's threads in one process."
    ),
    "api": (
        "Parses the upload, reads both headers, stores the photographs, records and enqueues the job, waits with the "
        "client. Python: most of it goes with the bytes and the number of calls."
    ),
    "object store": "SeaweedFS: takes the photographs, gives them to the worker, deletes them.",
    "redis": "Broker, records and results: every step of a job is a script that either happens or does not.",
    "load generator": "The benchmark's own clients, on the same cores. Clients elsewhere would give it back.",
    "rest": "Courier, beat, evaluator and whatever else the stack keeps running.",
}
LIBRARIES = {
    "HTTP": "gunicorn, Flask, werkzeug, marshmallow: requests and answers",
    "Celery": "messages: sent, taken, acknowledged",
    "Redis": "the client: records, messages, news of endings",
    "S3": "the client: signatures, headers",
    "engine": "what is Python in it: around the models, OpenCV, onnxruntime",
    "our own": "validation, the job and its result",
    "Python": "threads that begin, wait and end",
}
STEPS = {
    "upload and accept": "both photographs to the API, and read",
    "store": "into the object store",
    "queue": "recorded, enqueued, and through the broker to a free thread of a worker",
    "wait": "for a turn at the engine",
    "fetch": "the photographs from the object store",
    "decode": "both to pixels, upright; goes by the megapixel",
    "detect": "the detector on both",
    "align": "both faces onto the template",
    "embed": "the recogniser on both faces",
    "score": "a scalar product",
    "end and answer": "result recorded, the waiting client told; the photographs are deleted within a second",
}

#: Steps of a job that are not the engine's.
AROUND = ("upload and accept", "store", "queue", "fetch", "wait", "end and answer")


def name_of(key: str) -> str:
    """What a way, a part or a process is called on the page."""
    return NAMES.get(key, key.replace("_", " "))


def part_name(part: str) -> str:
    """The engine is only *alone* where it is measured alone."""
    return "engine" if part == "engine" else name_of(part)


def ratio_name(key: str) -> str:
    """What is put in proportion to what."""
    return RATIOS.get(key, key.replace("_to_", " to ").replace("_", " "))
