"""Images as the node has them: pulled from the sandbox's registry, a file, and kept under the name of the pull."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class PullFailedError(Exception):
    """An image cannot be had; the text is the container's message."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image, by its digest."""

    repository: str
    digest: str
    manifest: Mapping[str, Any]
    """What it holds, see `apgms_ops.sandbox.images`."""

    @property
    def identity(self) -> str:
        """What a container's status calls it."""
        return f"{self.repository}@{self.digest}"


class Images:
    """The images of one node. A tag that was pulled once stays what it was, unless it is to be pulled again."""

    def __init__(self, registry: Path) -> None:
        """Take the registry's file."""
        self._registry = registry
        self._pulled: dict[str, Image] = {}

    def present(self, reference: str) -> Image | None:
        """Return an image that was pulled by this name."""
        return self._pulled.get(reference)

    def pull(self, reference: str) -> Image:
        """Ask the registry what a name stands for now.

        Raises:
            PullFailedError: It knows no such image.
        """
        self._pulled[reference] = image = resolve(self._known(reference), reference)
        return image

    def remember(self, reference: str, identity: str) -> None:
        """Have again, by its name of then, an image that an earlier process of this node has pulled."""
        with suppress(PullFailedError):
            self._pulled[reference] = resolve(self._known(identity), identity)

    def _known(self, reference: str) -> Mapping[str, Any]:
        try:
            return dict(json.loads(self._registry.read_text(encoding="utf-8"))["registry"])
        except (OSError, ValueError, KeyError) as error:
            msg = f'failed to pull and unpack image "{reference}": the registry does not answer: {error}'
            raise PullFailedError(msg) from error


def resolve(registry: Mapping[str, Any], reference: str) -> Image:
    """Return the image that a reference stands for, `repository:tag` or `repository@sha256:…`.

    Raises:
        PullFailedError: There is none.
    """
    repository, _, digest = reference.partition("@")
    if not digest:
        slash = repository.rfind("/")
        colon = repository.find(":", slash + 1)
        tag = repository[colon + 1 :] if colon > 0 else "latest"
        repository = repository[:colon] if colon > 0 else repository
        digest = registry.get(repository, {}).get("tags", {}).get(tag, "")
    manifest = registry.get(repository, {}).get("manifests", {}).get(digest)
    if manifest is None:
        msg = f'rpc error: code = NotFound desc = failed to pull and unpack image "{reference}": {reference}: not found'
        raise PullFailedError(msg)
    return Image(repository, digest, manifest)
