-- Check-ins of cron jobs. Writer and reader: store/check_ins; monitors and how they stand are in the meta store.

-- One row per word of a job: it began, it ended; and of ours: it was missed, it took too long. A check-in is what its
-- rows say together, so one that is sent twice is one all the same.
CREATE TABLE IF NOT EXISTS check_ins__local {on_cluster} (
  project      UInt32,
  monitor      LowCardinality(String),
  environment  LowCardinality(String),
  at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  id           FixedString(16) CODEC(NONE),
  status       LowCardinality(String),
  expected     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),   -- 1970: nothing was
  duration_s   Float64 CODEC(ZSTD(1)),   -- NaN: not told
  release      LowCardinality(String),
  trace_id     String CODEC(ZSTD(1)),
  INDEX by_id id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine}MergeTree
PARTITION BY toDate(at)
ORDER BY (project, monitor, environment, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS check_ins {on_cluster} ENGINE = Alias('check_ins__local');
