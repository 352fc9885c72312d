"""The nightly snapshot of Kafka's topics, and the restore of one: what the image `kafka-tools` runs.

A snapshot of a topic is a folder of objects, `<prefix>/<topic>/<epoch seconds>/`:

- `<partition>.jsonl.gz`, one for every partition, one record a line, in the order of their offsets. A partition without
  records has an object too, of gzip's own twenty bytes: an object of none is always a broken upload.
- `manifest.json`, written last: without it there is no snapshot. It says of every partition the first offset, the one
  after the last, the records, the bytes of the object and its SHA-256, and where each group stood that reads the topic.

Records are read as `read_committed` reads them, up to the ends as they were at the start. Markers of transactions take
offsets and are no records, so there may be fewer records than offsets. See docs/kafka-snapshots.md.
"""
