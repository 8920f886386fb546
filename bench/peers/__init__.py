"""What the benchmark measures beside Likeness: the same photographs, the same weights, the same machine, the same run.

`sync_server`: one process that compares inside the request, as everybody builds it first. It shows what the queue, the
object store and the recorded job cost, and what they gain under many clients. It is not a service: it keeps nothing,
limits nothing, and what is in flight dies with it.

`deepface_loop`: the library most people try first, given this pack's YuNet and SFace. It shows a loop without any
service around it. It is not the same pipeline: DeepFace detects in the image's own shape where InsightFace fills up a
square, and turns the eyes level where InsightFace warps five points onto a template, so its scores differ. It is not a
server either: its detector is shared and keeps state, so one process compares one pair at a time.

Each runs in a process and an environment of its own (`venvs`), with the project's onnxruntime, OpenCV and NumPy.
"""
