-- Patterns of log lines: their texts once, their lines per minute. Reader and writer: store/logs/patterns.py.

-- The newest version of a pattern is the row that was written last: its words grow more general.
CREATE TABLE IF NOT EXISTS log_pattern_texts__local {on_cluster} (
  pattern   UInt64,
  service   LowCardinality(String),
  text      String CODEC(ZSTD(1)),
  first_ms  Int64,
  version   UInt64
)
ENGINE = {engine}ReplacingMergeTree(version)
ORDER BY pattern
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS log_pattern_texts {on_cluster} ENGINE = Alias('log_pattern_texts__local');

CREATE TABLE IF NOT EXISTS log_pattern_counts__local {on_cluster} (
  minute    DateTime('UTC') CODEC(Delta, ZSTD(1)),
  stream    UInt64 CODEC(ZSTD(1)),
  pattern   UInt64 CODEC(ZSTD(1)),
  severity  UInt8 CODEC(ZSTD(1)),
  lines     UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = {engine}SummingMergeTree(lines)
PARTITION BY toDate(minute)
ORDER BY (stream, pattern, severity, minute)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS log_pattern_counts {on_cluster} ENGINE = Alias('log_pattern_counts__local');
