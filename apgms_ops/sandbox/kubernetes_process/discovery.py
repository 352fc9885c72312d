"""Discovery: which groups, versions and kinds there are, and which version the server is of."""

from typing import Final

from apgms_ops.sandbox.kubernetes_process.kinds import RESOURCES, Object, Resource, groups

_VERSION: Final = {
    "major": "1",
    "minor": "35",
    "gitVersion": "v1.35.0-sandbox",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "none: a stand-in",
    "compiler": "none",
    "platform": "linux/amd64",
}
_STATUS_VERBS: Final = ["get", "patch", "update"]
_PART_VERBS: Final = {
    "status": _STATUS_VERBS,
    "scale": _STATUS_VERBS,
    "log": ["get"],
    "exec": ["create", "get"],
    "binding": ["create"],
    "proxy": ["create", "delete", "get", "patch", "update"],
}
_PART_KINDS: Final = {
    "exec": "PodExecOptions",
    "binding": "Binding",
    "scale": "Scale",
}


def document(path: str) -> Object | None:
    """Return what is served at a path of discovery, or None where it is none."""
    path = path.rstrip("/")
    if path.startswith("/apis/"):
        group, _, version = path.removeprefix("/apis/").partition("/")
        if group not in groups() or version not in ("", "v1"):
            return None
        return _resources(group) if version else {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
    fixed: dict[str, Object] = {
        "/version": dict(_VERSION),
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in groups()]},
    }
    return _resources("") if path == "/api/v1" else fixed.get(path)


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(group: str) -> Object:
    found = [entry for resource in RESOURCES if resource.group == group for entry in _entries(resource)]
    version = f"{group}/v1" if group else "v1"
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": found}


def _entries(resource: Resource) -> list[Object]:
    main: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        main["shortNames"] = list(resource.short)
    parts = []
    for part in resource.subresources:
        entry: Object = {
            "name": f"{resource.plural}/{part}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": _PART_KINDS.get(part, resource.kind),
            "verbs": _PART_VERBS[part],
        }
        if part == "scale":
            entry |= {"group": "autoscaling", "version": "v1"}
        parts.append(entry)
    return [main, *parts]
