"""Rolling a service out on the sandbox's cluster: its processes are really replaced, one place at a time."""

from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import images, workloads
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.world import World

NOTE: Final = "sandbox/note"
"""The annotation of a template that says nothing: with another one its pods are others."""


def roll_out(world: World, service: str, image: str, deadline: Deadline) -> None:
    """Let a service run an image, and return once all of it does.

    Args:
        world: Whose.
        service: The service, which is its Deployment and its container too.
        image: What the Deployment is to name, see `images.reference`.
        deadline: For the whole rollout.

    Raises:
        SandboxError: It does not run by the deadline; the text says why. The Deployment stays as it was told.
    """
    order(world, service, image)
    workloads.await_rolled_out(world, service, deadline)


def order(world: World, service: str, image: str) -> None:
    """Let a service run an image, and do not wait for it."""
    path = namespaced("apps/v1", PLATFORM, "deployments", service)
    containers = workloads.deployment(world, service)["spec"]["template"]["spec"]["containers"]
    changed = [entry | {"image": image} if entry["name"] == service else entry for entry in containers]
    workloads.admin(world).merge(path, {"spec": {"template": {"spec": {"containers": changed}}}})


def note(world: World, service: str, text: str | None) -> None:
    """Write a note into the template of a service's pods, so that all of them are replaced; None takes it out again."""
    path = namespaced("apps/v1", PLATFORM, "deployments", service)
    template = {"metadata": {"annotations": {NOTE: text}}}
    workloads.admin(world).merge(path, {"spec": {"template": template}})


def current(world: World, service: str) -> str:
    """Return the image of the release that the sandbox runs."""
    return images.reference(service, world.get("release.tag"))


def previous(world: World, service: str) -> str:
    """Return the image of the release before."""
    return images.reference(service, world.get("release.previous.tag"))
