"""A site whose runs are sealed."""

from pathlib import Path

from apgms_ops.evidence import trust
from apgms_ops.evidence.keys import read_public
from apgms_ops.evidence.trust import SealKey, Trust
from apgms_ops.sandbox import timestamps
from apgms_ops.sandbox.certificates import crt, key
from tests.plugin.conftest import ENVIRONMENT, Site

CHECK = 'def test_one(one):\n    """It is one."""\n    assert one.value == 1\n'
RED = 'def test_two(one):\n    """It is two."""\n    assert one.value == 2\n'


class SealedSite(Site):
    """A site with a key."""

    def __init__(self, folder: Path) -> None:
        """Make the key."""
        super().__init__(folder)
        self.kept = folder / "kept"
        timestamps.make(self.kept)
        self.evidence()
        self.checks(CHECK)

    def evidence(self, more: str = "", *, private: str | None = None, trusted: str = "") -> None:
        """Declare what makes evidence."""
        reference = private or f"file:{key(self.kept, 'seal')}"
        self.write("environments/toy.toml", f'{ENVIRONMENT}\n[evidence]\nkey = "{reference}"\n{trusted}\n{more}')

    @property
    def trust(self) -> Trust:
        """Whom an auditor believes."""
        public = read_public(timestamps.public(self.kept).read_bytes(), "seal")
        return Trust((SealKey("seal", public),), tuple(trust.certificates(crt(self.kept, "ca"))), "toy")

    @property
    def chain(self) -> Path:
        """The chain of the toy environment."""
        return self.folder / "reports" / "chain" / "toy" / "chain.jsonl"
