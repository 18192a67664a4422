-- Recorded sessions of browsers and phones, piece by piece. Writer and reader: store/replays.

-- A piece's event and its recording may come apart; `parts` says what a row holds (1 event, 2 recording, 4 video), so
-- that the same piece sent twice is one row after merges and two halves stay two.
CREATE TABLE IF NOT EXISTS replays__local {on_cluster} (
  project      UInt32,
  replay_id    FixedString(16) CODEC(ZSTD(1)),
  segment      UInt32 CODEC(ZSTD(1)),
  parts        UInt8 CODEC(ZSTD(1)),
  received     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  started      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),   -- of the whole replay, 1970: not told
  at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  kind         LowCardinality(String),
  platform     LowCardinality(String),
  environment  LowCardinality(String),
  release      LowCardinality(String),
  user         String CODEC(ZSTD(1)),
  urls         Array(String) CODEC(ZSTD(1)),
  error_ids    Array(String) CODEC(ZSTD(1)),
  trace_ids    Array(String) CODEC(ZSTD(1)),
  event        String CODEC(ZSTD(1)),
  recording    String CODEC(ZSTD(1)),
  video        String CODEC(ZSTD(1)),
  INDEX by_replay replay_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine}ReplacingMergeTree
PARTITION BY toDate(received)
ORDER BY (project, replay_id, segment, parts)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30,
  index_granularity_bytes = 1048576;

CREATE TABLE IF NOT EXISTS replays {on_cluster} ENGINE = Alias('replays__local');
