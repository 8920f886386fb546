# Every image, for both architectures, with SBOM and provenance:
#
#   docker buildx bake -f infra/docker/docker-bake.hcl                       builds
#   REGISTRY=registry.example/team/ TAG=0.2.0 docker buildx bake -f infra/docker/docker-bake.hcl --push
#
# The GPU image is x86-64 alone: onnxruntime-gpu has no wheel for arm64.
variable "REGISTRY" { default = "" }
variable "TAG" { default = "latest" }
variable "REVISION" { default = "unknown" }

group "default" {
  targets = ["api", "courier", "worker", "packs"]
}

target "_all" {
  context    = "."
  dockerfile = "infra/docker/Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  attest     = ["type=sbom", "type=provenance,mode=max"]
  args       = { VERSION = TAG, REVISION = REVISION }
}

target "api" {
  inherits = ["_all"]
  args     = { LOCK = "api" }
  tags     = ["${REGISTRY}likeness-api:${TAG}"]
}

target "courier" {
  inherits = ["_all"]
  args     = { LOCK = "courier" }
  tags     = ["${REGISTRY}likeness-courier:${TAG}"]
}

target "worker" {
  inherits = ["_all"]
  args     = { LOCK = "worker-cpu" }
  tags     = ["${REGISTRY}likeness-worker:${TAG}"]
}

target "packs" {
  inherits = ["_all"]
  target   = "packs"
  args     = { LOCK = "worker-cpu" }
  tags     = ["${REGISTRY}likeness-packs:${TAG}"]
}

target "worker-gpu" {
  inherits  = ["_all"]
  platforms = ["linux/amd64"]
  args      = { LOCK = "worker-gpu", BASE = "nvidia/cuda:13.0.0-cudnn-runtime-ubuntu24.04" }
  tags      = ["${REGISTRY}likeness-worker-gpu:${TAG}"]
}

# For LIKENESS_PROVIDER=openvino.
target "worker-openvino" {
  inherits  = ["_all"]
  platforms = ["linux/amd64"]
  args      = { LOCK = "worker-openvino" }
  tags      = ["${REGISTRY}likeness-worker-openvino:${TAG}"]
}

# For LIKENESS_PROVIDER=triton.
target "worker-triton" {
  inherits = ["_all"]
  args     = { LOCK = "worker-triton" }
  tags     = ["${REGISTRY}likeness-worker-triton:${TAG}"]
}
