-- Files beside error events. Writer and reader: store/attachments.

-- The same file of an event under the same name is one row after merges; readers ask with LIMIT 1 BY. Granules are
-- small in bytes, so that a file is read without its neighbours.
CREATE TABLE IF NOT EXISTS attachments__local {on_cluster} (
  project       UInt32,
  event_id      FixedString(16) CODEC(ZSTD(1)),
  name          String CODEC(ZSTD(1)),
  sha256        FixedString(32) CODEC(NONE),
  received      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  kind          LowCardinality(String),
  content_type  LowCardinality(String),
  size          UInt64 CODEC(ZSTD(1)),
  data          String CODEC(ZSTD(1)),
  INDEX by_event event_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine}ReplacingMergeTree
PARTITION BY toDate(received)
ORDER BY (project, event_id, name, sha256)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30,
  index_granularity_bytes = 1048576;

CREATE TABLE IF NOT EXISTS attachments {on_cluster} ENGINE = Alias('attachments__local');
