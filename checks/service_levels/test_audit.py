"""Service Overview, step 2: every audit event is persisted, once, in a chain that nobody has altered."""

import pytest

from apgms_ops.environment.model import Limits
from apgms_ops.probes.audit_chain import AuditChain
from apgms_ops.probes.audit_facts import AuditEmission, AuditPersistence

pytestmark = [pytest.mark.runbook("service-overview", 2), pytest.mark.control("audit-logging")]


def test_every_emitted_event_is_persisted(audit_persistence: AuditPersistence) -> None:
    """Every event of the audit topic is in the audit log once the settling time is over."""
    assert not audit_persistence.lost()


def test_no_event_is_persisted_twice(audit_persistence: AuditPersistence) -> None:
    """No event is in the audit log more than once."""
    assert not audit_persistence.duplicated()


def test_only_emitted_events_are_persisted(audit_persistence: AuditPersistence) -> None:
    """No row of the audit log tells of an event that nobody emitted."""
    assert not audit_persistence.invented()


def test_every_event_reaches_the_topic(audit_emission: AuditEmission) -> None:
    """No service says that it emitted more audit events than reached the topic."""
    assert not audit_emission.swallowed()


def test_the_chain_is_unbroken(audit_chain: AuditChain) -> None:
    """Every row of the audit log follows the row before it, and its hash is that of its content."""
    assert not audit_chain.breaks()


def test_the_verified_head_is_still_there(audit_chain: AuditChain) -> None:
    """The row up to which an earlier run verified the audit log is there, unchanged."""
    assert not audit_chain.unanchored()


def test_audit_rows_are_kept(audit_chain: AuditChain, limits: Limits) -> None:
    """The audit log reaches back as far as it must be kept."""
    assert not audit_chain.forgotten(limits.audit_retention)
