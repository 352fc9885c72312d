"""How the platform's database is failed over, and what must hold before and after."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from apgms_ops.environment.backups import Region
from apgms_ops.environment.types import Duration, Expected, Limit, Model, SecretRef, Seq, Text

Address = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-\[\]\"]{0,299}$"),
    Expected("an address of Terraform's, such as module.database.terraform_data.promote"),
]
Workspace = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,89}$"),
    Expected("a workspace of Terraform's, such as production"),
]


class Failover(Model):
    """The fail-over of the database, as a playbook carries it out."""

    folder: Text
    """Of Terraform's configuration, relative to the folder of this file."""
    program: Text = "terraform"
    """Terraform or OpenTofu (`tofu`), by name or path."""
    workspace: Workspace = "default"
    """Which of its workspaces this estate is."""
    lineage: Text | None = None
    """Of its state, where a plan for another state of the same name is to be refused."""
    targets: Annotated[Seq[Address], Field(min_length=1)]
    """The addresses that a fail-over changes. A plan that touches another is refused."""
    replaceable: Seq[Address] = ()
    """Those of them that may be destroyed or replaced."""
    recovery_point: Limit[Duration]
    """How far the replica may be behind (RPO)."""
    region: Region
    """Where the replica is. What the plan says of regions is held to `onshore` as well."""
    onshore: Annotated[Seq[Region], Field(min_length=1)]
    """Regions in which the database may be."""
    primary: SecretRef
    """Connection string of the primary of now, for a role that may write and make temporary tables."""
    replica: SecretRef
    """The same of the replica."""
    services: SecretRef
    """The same of the address that the services use, read anew after the fail-over."""
    playbook: Text | None = None
    """A file in place of the packaged playbook, relative to the folder of this file."""
    settling_time: Duration = timedelta(minutes=2)
    """How long the services may take to be led to the promoted server."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unknown = sorted(set(self.replaceable) - set(self.targets))
        if unknown:
            msg = f"replaceable holds {', '.join(unknown)}, which targets does not"
            raise ValueError(msg)
        if len({str(self.primary), str(self.replica)}) == 1:
            msg = "primary and replica are the same reference: one of them is not what it is called"
            raise ValueError(msg)
        return self
