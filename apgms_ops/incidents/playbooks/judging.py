"""Whether a plan may be applied. Pure."""

from collections.abc import Iterator

from apgms_ops.clients.terraform import Plan
from apgms_ops.environment.failover import Failover


def objections(plan: Plan, section: Failover) -> tuple[str, ...]:
    """Return every reason not to apply a plan; none where it may be."""
    return tuple(_objections(plan, section))


def _objections(plan: Plan, section: Failover) -> Iterator[str]:
    if plan.errored:
        yield "the plan is not whole: it ended in an error"
    known = {change.address for change in plan.changes}
    unknown = [target for target in section.targets if target not in known]
    if unknown:
        yield f"the configuration has no {', '.join(unknown)}: a target that is not there is passed over in silence"
    changed = [change for change in plan.changes if change.changes]
    if not changed:
        yield "the plan changes nothing: nobody would be failed over"
    for change in changed:
        if change.address not in section.targets:
            yield f"the plan touches {change.address}, which is not a declared target"
        if change.destroys and change.address not in section.replaceable:
            yield f"the plan would {' and '.join(change.actions)} {change.address}, which is not declared replaceable"
    regions = dict.fromkeys(region for change in changed for region in change.regions)
    offshore = [region for region in regions if region not in section.onshore]
    if offshore:
        yield f"the plan leads to {', '.join(offshore)}; onshore are {', '.join(section.onshore)}"
    if changed and not regions:
        yield "the plan names no region: whether it stays onshore cannot be seen"
    elif changed and section.region not in regions and not offshore:
        yield f"the plan leads to {', '.join(regions)}, and the replica is declared to be in {section.region}"
