"""The Kubernetes API's stand-in, one process: what is stored, who may do what with it, how it is served over HTTP.

What a rollout needs to take its course is in `controllers`. Nothing here knows what the sandbox runs. What a real API
server does and this one cannot is refused with a Status that says so:

- server-side apply (415), `fieldValidation=Strict`, `resourceVersionMatch=Exact`, deletions with propagationPolicy
  `Foreground`, strategic-merge directives beyond `$patch`, `$retainKeys` and `$setElementOrder` (400);
- evict, attach and port-forward, custom resources, any group or version that discovery does not list, OpenAPI (404);
- the service proxy to a port that speaks TLS, `https:name:port` (400).

What it does otherwise: it has no anonymous user; CronJobs are stored and never run; the scheduler knows node selectors
and taints, not affinity; it proxies to loopback addresses, which a real one never does; its fields are not pruned.
"""
