"""Who ran a run, by the identity token of its CI job: asked for, verified, recorded, and verified again offline.

What may enter: OpenID Connect as far as that needs it. The token itself never leaves memory
(docs/adr/0010-identity.md).
"""
