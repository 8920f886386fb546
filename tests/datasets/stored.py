"""What an import has left in the bucket."""

from core.storage.objects import ObjectStore


def everything(objects: ObjectStore) -> dict[str, bytes]:
    return {key: objects.get(key) for key in objects.keys("datasets/")}
