-- Release health: sessions as SDKs report them. Writer and reader: store/sessions.

-- One row per update of a session until merges leave the one of the highest `rank`: a terminal status is final, of
-- others the latest holds. Readers ask with FINAL.
CREATE TABLE IF NOT EXISTS sessions__local {on_cluster} (
  project      UInt32,
  started      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  release      LowCardinality(String),
  environment  LowCardinality(String),
  id           FixedString(16) CODEC(NONE),
  rank         UInt64 CODEC(ZSTD(1)),
  at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  status       LowCardinality(String),
  errors       UInt32 CODEC(ZSTD(1)),
  duration_s   Float64 CODEC(ZSTD(1)),   -- NaN: not told
  user         String CODEC(ZSTD(1)),
  mechanism    LowCardinality(String)
)
ENGINE = {engine}ReplacingMergeTree(rank)
PARTITION BY toDate(started)
ORDER BY (project, toStartOfHour(started), release, environment, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS sessions {on_cluster} ENGINE = Alias('sessions__local');

-- Minutes that servers counted themselves: each session stands under its worst status.
CREATE TABLE IF NOT EXISTS session_counts__local {on_cluster} (
  project      UInt32,
  started      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  release      LowCardinality(String),
  environment  LowCardinality(String),
  user         String CODEC(ZSTD(1)),
  exited       UInt64 CODEC(T64, ZSTD(1)),
  errored      UInt64 CODEC(T64, ZSTD(1)),
  abnormal     UInt64 CODEC(T64, ZSTD(1)),
  crashed      UInt64 CODEC(T64, ZSTD(1)),
  unhandled    UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = {engine}SummingMergeTree((exited, errored, abnormal, crashed, unhandled))
PARTITION BY toDate(started)
ORDER BY (project, started, release, environment, user)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS session_counts {on_cluster} ENGINE = Alias('session_counts__local');
