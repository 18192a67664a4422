-- Log lines. Labels stand once in log_streams; a line names its stream. Readers and writers: store/logs/ and the SQL
-- that query/logql/ compiles.
CREATE TABLE IF NOT EXISTS log_streams__local {on_cluster} (
  stream       UInt64,
  labels       Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  service      LowCardinality(String),
  environment  LowCardinality(String),
  host         LowCardinality(String),
  release      LowCardinality(String),
  first_seen   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = {engine}ReplacingMergeTree()
ORDER BY (service, stream)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS log_streams {on_cluster} ENGINE = Alias('log_streams__local');

CREATE TABLE IF NOT EXISTS logs__local {on_cluster} (
  service      LowCardinality(String),
  environment  LowCardinality(String),
  host         LowCardinality(String),
  stream       UInt64 CODEC(ZSTD(1)),
  ts           DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  severity     UInt8 CODEC(ZSTD(1)),
  body         String CODEC(ZSTD(1)),
  said         String CODEC(ZSTD(1)),
  attributes   Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  trace_id     String CODEC(ZSTD(1)),
  span_id      String CODEC(ZSTD(1)),
  text         String ALIAS if(empty(said), body, said)
)
ENGINE = {engine}MergeTree()
PARTITION BY toDate(ts)
ORDER BY (service, stream, ts)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS logs {on_cluster} ENGINE = Alias('logs__local');
