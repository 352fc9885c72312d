"""What Kafka reports is exported under kafka_exporter's names."""

from apgms_ops.sandbox.traffic_process.kafka_metrics import Reading, families


def samples(reading: Reading) -> dict[tuple[str, ...], float]:
    """Return every sample by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(reading)
        for sample in family.samples
    }


def test_lag_is_end_minus_commit() -> None:
    """Offsets, lag and members are exported a group and partition."""
    found = samples(Reading(ends={("a", 0): 10}, members={"g": 2}, commits={"g": {("a", 0): 7}}))
    assert found == {
        ("kafka_topic_partition_current_offset", "a", "0"): 10,
        ("kafka_consumergroup_current_offset", "g", "a", "0"): 7,
        ("kafka_consumergroup_lag", "g", "a", "0"): 3,
        ("kafka_consumergroup_members", "g"): 2,
    }


def test_a_partition_without_commit_has_no_lag() -> None:
    """Without a commit offset and lag are -1, as kafka_exporter has it: never 0, never the whole log."""
    found = samples(Reading(ends={("a", 0): 10}, commits={"g": {("a", 0): -1}}))
    assert found["kafka_consumergroup_current_offset", "g", "a", "0"] == -1
    assert found["kafka_consumergroup_lag", "g", "a", "0"] == -1


def test_a_topic_that_is_gone_has_a_commit_but_no_lag() -> None:
    """A commit to a deleted topic is exported, and no lag is made up for it."""
    found = samples(Reading(commits={"g": {("gone", 0): 5}}))
    assert found == {("kafka_consumergroup_current_offset", "g", "gone", "0"): 5}


def test_dead_letters_are_what_is_kept_of_all_partitions() -> None:
    """Dead letters of a topic are counted over the partitions of its dead-letter topic, without those deleted."""
    ends = {("a.dlq", 0): 10, ("a.dlq", 1): 4, ("b.dlq", 0): 0}
    found = samples(Reading(ends=ends, begins={("a.dlq", 0): 8}))
    assert found["apgms_dlq_messages", "a"] == 6
    assert found["apgms_dlq_messages", "b"] == 0
