"""Who may do what: the rules of roles and their bindings, as they are stored at that moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.status import FORBIDDEN, Refused
from apgms_ops.sandbox.kubernetes_process.store import Store

_MASTERS: Final = "system:masters"
_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""

    @classmethod
    def known(cls, name: str, groups: tuple[str, ...] = ()) -> "User":
        """Return a user who showed a token, with the groups that everybody of the kind is in."""
        account = name.removeprefix(_ACCOUNT) if name.startswith(_ACCOUNT) else ""
        namespace = account.partition(":")[0]
        own = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}") if account else ()
        return cls(name, (*groups, *own, "system:authenticated"))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wants to do: a verb on a resource, or on a path that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    """With its subresource: `pods/log`."""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Where it is no resource."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done, and by which binding."""

    allowed: bool
    reason: str = field(default="")


class Access:
    """Decides from the stored Roles, ClusterRoles and their bindings; members of system:masters may do everything."""

    def __init__(self, store: Store) -> None:
        """Take where roles and bindings are stored."""
        self._store = store

    def decide(self, user: User, attempt: Attempt) -> Decision:
        """Return whether a user may do something."""
        if _MASTERS in user.groups:
            return Decision(allowed=True)
        for plural, namespace in (("clusterrolebindings", ""), ("rolebindings", attempt.namespace)):
            if plural == "rolebindings" and not namespace:
                continue
            for binding in self._store.items(plural, namespace):
                subject = _subject(user, binding)
                if subject and any(_allows(rule, attempt) for rule in self._rules(binding)):
                    return Decision(allowed=True, reason=_reason(binding, subject))
        return Decision(allowed=False)

    def require(self, user: User, attempt: Attempt) -> None:
        """Refuse what a user may not do.

        Raises:
            Refused: 403, in the real one's words.
        """
        if not self.decide(user, attempt).allowed:
            raise _forbidden(user, attempt)

    def _rules(self, binding: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        reference = binding["roleRef"]
        if reference["kind"] == "ClusterRole":
            role = self._store.get("clusterroles", "", reference["name"])
        else:
            role = self._store.get("roles", binding["metadata"].get("namespace", ""), reference["name"])
        yield from (role or {}).get("rules") or ()


def _subject(user: User, binding: Mapping[str, Any]) -> str:
    """Return how a binding names the user, or nothing where it does not."""
    namespace = binding["metadata"].get("namespace", "")
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if kind == "User" and user.name == name:
            return f'User "{name}"'
        if kind == "Group" and name in user.groups:
            return f'Group "{name}"'
        if kind == "ServiceAccount":
            home = subject.get("namespace", namespace)
            if user.name == f"{_ACCOUNT}{home}:{name}":
                return f'ServiceAccount "{name}/{home}"'
    return ""


def _reason(binding: Mapping[str, Any], subject: str) -> str:
    name, namespace = binding["metadata"]["name"], binding["metadata"].get("namespace")
    shown = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    reference = binding["roleRef"]
    return f'RBAC: allowed by {shown} of {reference["kind"]} "{reference["name"]}" to {subject}'


def _allows(rule: Mapping[str, Any], attempt: Attempt) -> bool:
    if not _named(rule.get("verbs"), attempt.verb):
        return False
    if attempt.path:
        return any(_covers(pattern, attempt.path) for pattern in rule.get("nonResourceURLs") or ())
    resources = rule.get("resources") or ()
    parent, slash, part = attempt.resource.partition("/")
    on_resource = "*" in resources or attempt.resource in resources or (bool(slash) and f"*/{part}" in resources)
    names = rule.get("resourceNames") or ()
    return (
        bool(parent)
        and _named(rule.get("apiGroups"), attempt.group)
        and on_resource
        and (not names or attempt.name in names)
    )


def _named(values: object, value: str) -> bool:
    return isinstance(values, list) and ("*" in values or value in values)


def _covers(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _forbidden(user: User, attempt: Attempt) -> Refused:
    if attempt.path:
        message = f'forbidden: User "{user.name}" cannot {attempt.verb} path "{attempt.path}"'
        return Refused(FORBIDDEN, message, details={})
    plural = attempt.resource.partition("/")[0]
    what = f"{plural}.{attempt.group}" if attempt.group else plural
    named = f'{what} "{attempt.name}"' if attempt.name else what
    where = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    message = (
        f'{named} is forbidden: User "{user.name}" cannot {attempt.verb} resource "{attempt.resource}"'
        f' in API group "{attempt.group}" {where}'
    )
    details = {
        **({"name": attempt.name} if attempt.name else {}),
        **({"group": attempt.group} if attempt.group else {}),
        "kind": plural,
    }
    return Refused(FORBIDDEN, message, details=details)
