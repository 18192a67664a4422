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

-- One row per line; a repetition (equal in stream, time, body and attributes to a recent one) is never stored.
--
-- What the compiler of LogQL relies on:
-- * Selectors become `stream IN {ids:Array(UInt64)}` together with `service IN {services:Array(String)}` (the first column
--   of the key) and bounds on `ts`: `LogReader.streams` gives the ids.
-- * A line filter is written twice: `PREWHERE (empty(said) AND position(body, n) > 0) OR position(said, n) > 0` decides
--   (exact, and no text is copied), and a condition in WHERE only lets the skip indexes drop granules. It must stand
--   just so: `lower(text) LIKE '%needle%'` (needle lowered, `%`, `_` and `\` escaped) for needles whose lower case is
--   the same in ASCII and in Unicode, with three characters or more; `wide LIKE '%needle%'` beside it when the needle
--   holds a character beyond ASCII (two syllables suffice). `!=` and `!~` have no second part. A needle that holds a
--   backslash: `position(body, n)` alone.
-- * The latest lines: ask `log_counts` first how far back the limit reaches, then read `ts` from there on.
-- * `log_counts` below answers whatever only counts lines or bytes.
--
-- `size` is the length of `body` by itself, so that counting bytes and building the projection read no text. A trace or
-- span id that the body holds is not stored again but pointed at: ids do not compress, and that was 30 MB of 230 per GB.
--
-- Skip indexes are built by no insert and by no merge, but once for parts that have settled (store/logs/settle.py). Per
-- GB of lines, measured: `words` 10 CPU-s and 6 MB (n = 4; n = 3 is as good over few words and weaker over many, n = 5
-- and 6 fill the filter with parts of ids and prune nothing), `wide` 1 CPU-s and 0.04 MB (n = 2 over the lines that hold
-- more than ASCII: two Hangul syllables have no three-gram), `ids` 19 CPU-s and 12 MB: it finds the granule of one uuid
-- or order number, of which `words` sees in every granule all four-grams; it is built once a day is over.
-- A commit becomes a compact part (one file for all columns: 4.3 instead of 5.5 CPU-s a GB); merges make wide ones.
-- Merges join twenty commits where the engine's own measure is five: lines are merged 0.7 instead of 1.6 times while they
-- come, and commits with their merges cost 8.9 instead of 12.2 CPU-s a GB. 50 commits leave 18 parts instead of 13.
-- Merged parts are taken off the disk within two minutes: by itself the engine takes five and more, and a load of 1 GB
-- leaves 900 MB of them.
-- The projection is part of each part: as atomic as the lines, merged with them, built anew where lines are deleted.
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
  trace_at     UInt32 CODEC(T64, ZSTD(1)),
  span_at      UInt32 CODEC(T64, ZSTD(1)),
  trace_given  String CODEC(ZSTD(1)),
  span_given   String CODEC(ZSTD(1)),
  size         UInt32 MATERIALIZED length(body) CODEC(T64, ZSTD(1)),
  text         String ALIAS if(empty(said), body, said),
  wide         String ALIAS if(length(text) = lengthUTF8(text), '', text),
  trace_id     String ALIAS if(trace_at > 0, substring(body, trace_at, 32), trace_given),
  span_id      String ALIAS if(span_at > 0, substring(body, span_at, 16), span_given),

  INDEX words lower(text) TYPE ngrambf_v1(4, 16384, 2, 0) GRANULARITY 1,
  INDEX wide wide TYPE ngrambf_v1(2, 4096, 2, 0) GRANULARITY 1,
  INDEX ids lower(text) TYPE sparse_grams(3, 16, 5, 24576, 1, 0) GRANULARITY 1,
  INDEX traces trace_id TYPE bloom_filter(0.03) GRANULARITY 1,
  INDEX attribute_keys mapKeys(attributes) TYPE bloom_filter(0.03) GRANULARITY 1,
  INDEX attribute_values mapValues(attributes) TYPE bloom_filter(0.03) GRANULARITY 1,

  PROJECTION counts (
    SELECT
      toStartOfHour(ts),
      stream,
      severity,
      toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, 15000000000)),
      count(),
      sum(size)
    GROUP BY
      toStartOfHour(ts),
      stream,
      severity,
      toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, 15000000000))
  )
)
ENGINE = {engine}MergeTree()
PARTITION BY toDate(ts)
ORDER BY (service, stream, ts)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30,
  lightweight_mutation_projection_mode = 'rebuild',
  exclude_materialize_skip_indexes_on_merge = 'words,wide,ids,traces,attribute_keys,attribute_values',
  min_bytes_for_wide_part = 67108864, max_bytes_to_merge_at_max_space_in_pool = 536870912,
  min_age_to_force_merge_seconds = 7200, min_age_to_force_merge_on_partition_only = 1,
  merge_selector_base = 20,
  cleanup_delay_period = 20, cleanup_delay_period_random_add = 5, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS logs {on_cluster} ENGINE = Alias('logs__local');

-- Lines and bytes per stream, severity and 15 seconds, exact, answered from the projection (measured: 9 ms for
-- 4 M lines by stream and bucket, and it grows with the buckets, not with the lines). Bucket `b` holds the times
-- `(b * 15 s, (b + 1) * 15 s]`, left-open as the windows of LogQL: a window `(t - range, t]` whose ends are multiples of
-- 15 s is the sum of the buckets `(t - range) / 15 s <= b < t / 15 s`. Give the hours too, they are what prunes:
-- `hour BETWEEN` the start of the hour of the first moment and that of the last. Only conditions on its four keys keep the
-- projection in use: no `ts`. A range whose ends are no multiples takes whole buckets from here and its edges
-- from `logs`; a step or range that is no multiple of 15 s is counted from `stream, ts, size` of `logs` alone.
CREATE VIEW IF NOT EXISTS log_counts {on_cluster} AS
SELECT
  toStartOfHour(ts) AS hour,
  stream,
  severity,
  toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, 15000000000)) AS bucket,
  count() AS lines,
  sum(size) AS bytes
FROM logs
GROUP BY hour, stream, severity, bucket;
