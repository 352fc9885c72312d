"""A playbook's file."""

from pathlib import Path

import pytest

from apgms_ops.errors import ConfigurationError
from apgms_ops.incidents.playbooks import load, packaged

GOOD = """
name = "failover-database"
does = "fails over"
preconditions = ["replica_follows"]
steps = ["terraform_apply"]
verification = ["services_use_it"]
"""


def test_the_packaged_playbook_is_one() -> None:
    """The playbook that comes with the package can be read, and verifies what it did."""
    assert packaged("failover-database").verification


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"replica_follows"', '"replica_hopes"', "replica_hopes is not known; known: replica_follows"),
        ('["replica_follows"]', "[]", "preconditions"),
        ('["services_use_it"]', "[]", "verification"),
        ('"services_use_it"', '"services_use_it", "services_use_it"', "twice"),
        ('does = "fails over"', 'does = "fails over"\nmore = 1', "more"),
        ('"failover-database"', '"other"', "failover-database is asked for"),
        ("steps = [", "steps = ", "playbook.toml"),
    ],
)
def test_a_bad_playbook_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    """What is wrong with a playbook is named, with its file."""
    file = tmp_path / "playbook.toml"
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load(file, "failover-database")
