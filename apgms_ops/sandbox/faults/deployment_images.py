"""Rollouts that are complete, of something else than the release."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import images, rollouts
from apgms_ops.sandbox.faults import deployment_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import another_past
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_SERVICE: Final = Payments.name
_COMMIT: Final = "e" * 40


class _OtherImage(Fault):
    """A service runs an image that is not the release's."""

    component = "deployment"
    tag: ClassVar[str]
    built: ClassVar[Mapping[str, str]]
    """What is another of what the image holds."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Push an image under the tag, and roll it out to its end."""
        manifest = {
            "service": _SERVICE,
            "version": world.get("release.tag"),
            "git_sha": world.get("release.sha"),
            "built_at": world.get("release.built_at"),
        }
        images.push(world, _SERVICE, self.tag, manifest | dict(self.built))
        rollouts.roll_out(world, _SERVICE, images.reference(_SERVICE, self.tag), deadline)
        Payments().ready(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Roll the release out again, and forget what was refused meanwhile."""
        tools.back(world, _SERVICE, deadline)
        another_past(world, deadline)


class Latest(_OtherImage):
    """`:latest` names what was pushed last, and reads the same for ever."""

    id = "deployment-latest"
    title = "Payments run `:latest`: rolled out, of the right version and commit, and another image than was built."
    references = ("P4.2",)
    tag = "latest"
    built: ClassVar[Mapping[str, str]] = {"built_at": "2026-11-01T00:00:00Z"}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.of(tools.IMAGES, _SERVICE): Verdict.FAIL}


class OtherCommit(_OtherImage):
    """Built by hand, from what lay about."""

    id = "deployment-other-commit"
    title = "Payments were built from another commit, and call themselves the release."
    told = True
    tag = "hotfix"
    built: ClassVar[Mapping[str, str]] = {"git_sha": _COMMIT}
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.of(tools.IMAGES, _SERVICE): Verdict.FAIL,
        tools.of(tools.VERSIONS, _SERVICE): Verdict.FAIL,
        tools.ONE: Verdict.FAIL,
    }


FAULTS: tuple[type[Fault], ...] = (Latest, OtherCommit)
