-- Profiles of transactions, and chunks of profilers that run on. Writer and reader: store/profiles.

CREATE TABLE IF NOT EXISTS profiles__local {on_cluster} (
  project         UInt32,
  id              FixedString(16) CODEC(ZSTD(1)),
  at              DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  continuous      UInt8 CODEC(ZSTD(1)),
  platform        LowCardinality(String),
  service         LowCardinality(String),
  environment     LowCardinality(String),
  host            LowCardinality(String),
  release         LowCardinality(String),
  profiler_id     FixedString(16) CODEC(ZSTD(1)),
  transaction_id  FixedString(16) CODEC(ZSTD(1)),
  transaction     LowCardinality(String),
  payload         String CODEC(ZSTD(1)),
  INDEX by_profile id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_profiler profiler_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine}ReplacingMergeTree
PARTITION BY toDate(at)
ORDER BY (project, at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30,
  index_granularity_bytes = 1048576;

CREATE TABLE IF NOT EXISTS profiles {on_cluster} ENGINE = Alias('profiles__local');
