-- Spans of traces, and where in time a trace lies. Writer: store/spans.

-- Identity of a span is what its rows of half an hour share, so they lie together and compress together.
CREATE TABLE IF NOT EXISTS spans__local {on_cluster} (
  trace_id      FixedString(16) CODEC(ZSTD(1)),
  span_id       UInt64 CODEC(NONE),
  parent_id     UInt64 CODEC(NONE),   -- 0: none
  segment_id    UInt64 CODEC(ZSTD(1)),
  segment       UInt8 CODEC(ZSTD(1)),
  segment_name  LowCardinality(String),
  project       UInt32 CODEC(ZSTD(1)),   -- 0: not of a project's SDK
  service       LowCardinality(String),
  environment   LowCardinality(String),
  host          LowCardinality(String),
  release       LowCardinality(String),
  name          LowCardinality(String),
  op            LowCardinality(String),
  status        LowCardinality(String),
  start         DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  duration_ns   UInt64 CODEC(ZSTD(1)),
  attributes    Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  typed         Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1)),   -- of those that are no text
  links         String CODEC(ZSTD(1)),   -- JSON, "" without
  event_id      FixedString(16) CODEC(ZSTD(1)),
  INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_duration duration_ns TYPE minmax GRANULARITY 1
)
ENGINE = {engine}MergeTree
PARTITION BY toDate(start)
ORDER BY (toStartOfInterval(start, INTERVAL 30 MINUTE), service, name, start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS spans {on_cluster} ENGINE = Alias('spans__local');

CREATE TABLE IF NOT EXISTS trace_times__local {on_cluster} (
  trace_id  FixedString(16) CODEC(ZSTD(1)),
  day       Date CODEC(ZSTD(1)),
  first     SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  last      SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = {engine}AggregatingMergeTree
PARTITION BY day
ORDER BY trace_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30,
  index_granularity = 1024;

CREATE TABLE IF NOT EXISTS trace_times {on_cluster} ENGINE = Alias('trace_times__local');
