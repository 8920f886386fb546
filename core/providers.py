"""What a provider is called in results and digests: OpenVINO's by the precision that it computes in."""

from pathlib import Path

AUTO, OPENVINO, TRITON = "auto", "openvino", "triton"
BFLOAT16, FLOAT32 = f"{OPENVINO}-bf16", f"{OPENVINO}-f32"

#: By which Linux says that a processor multiplies bfloat16: AVX-512, AMX, AVX2 of later processors, ARM.
FLAGS = frozenset({"avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"})


def named(asked: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The provider with its precision: bfloat16 where this machine's processor has it.

    >>> named("cpu"), named("openvino", Path("/nowhere"))
    ('cpu', 'openvino-f32')
    """
    if asked != OPENVINO:
        return asked
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # not Linux
        return FLOAT32
    flags = {flag for line in lines if line.lower().startswith(("flags", "features")) for flag in line.split()}
    return BFLOAT16 if flags & FLAGS else FLOAT32


def is_openvino(provider: str) -> bool:
    """Whether a name that was asked for, or one that is recorded, is OpenVINO's."""
    return provider in (OPENVINO, BFLOAT16, FLOAT32)


def stands_alone(provider: str) -> bool:
    """Whether what it computes is in the place of nobody else's: OpenVINO's, and what a Triton server does."""
    return provider == TRITON or is_openvino(provider)


def may_be(asked: str, chosen: str) -> bool:
    """Whether a worker that is asked for the one computes on the other. `auto` chooses neither OpenVINO nor Triton.

    >>> may_be("auto", "cuda"), may_be("auto", "openvino-bf16"), may_be("openvino", "openvino-bf16")
    (True, False, True)
    """
    if asked == AUTO:
        return not stands_alone(chosen)
    return asked == chosen or (asked == OPENVINO and is_openvino(chosen))


def may_compute(planned: str, running: str) -> bool:
    """Whether what was planned for one provider may be computed on another.

    OpenVINO's embeddings, in either precision, and Triton's are in the place of nobody else's.

    >>> may_compute("auto", "cpu"), may_compute("auto", "triton"), may_compute("openvino-bf16", "openvino-f32")
    (True, False, False)
    """
    return planned == running or not (stands_alone(planned) or stands_alone(running))
