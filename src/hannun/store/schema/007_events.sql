-- Error events: what SDKs told, normalised, grouped and whole. Writer and reader: store/errors.

-- `hash` is the first half of the MD5 that names the group and `hash_low` the second; `other_hash` and `other_low` are
-- those of a second one (0: there is none). Which issue a hash belongs to stands in the meta store, so merging issues
-- rewrites nothing here. Payloads of one group lie side by side and compress to a tenth.
-- The roll-up `hours` is made by merges: at the insert it would cost a third of the insert, and a question reads the
-- parts that have none as they are.
-- Merges take twenty parts at least: payloads are compressed anew each time, and that is what an event costs most.
-- `stored` is the store's own clock, strictly rising from commit to commit: what was not counted yet is found by it.
CREATE TABLE IF NOT EXISTS events__local {on_cluster} (
  project      UInt32,
  hash         UInt64,
  ts           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  received     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  stored       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  id           FixedString(16) CODEC(NONE),
  hash_low     UInt64 CODEC(ZSTD(1)),
  other_hash   UInt64 CODEC(ZSTD(1)),
  other_low    UInt64 CODEC(ZSTD(1)),
  kind         LowCardinality(String),
  level        UInt8 CODEC(ZSTD(1)),
  service      LowCardinality(String),
  environment  LowCardinality(String),
  host         LowCardinality(String),
  release      LowCardinality(String),
  dist         LowCardinality(String),
  platform     LowCardinality(String),
  logger       LowCardinality(String),
  transaction  LowCardinality(String),
  title        String CODEC(ZSTD(1)),
  culprit      String CODEC(ZSTD(1)),
  error_type   LowCardinality(String),
  error_value  String CODEC(ZSTD(1)),
  filename     LowCardinality(String),
  function     LowCardinality(String),
  handled      UInt8 CODEC(ZSTD(1)),   -- 0 no, 1 yes, 2 not told
  trace_id     String CODEC(ZSTD(1)),
  span_id      String CODEC(ZSTD(1)),
  user         String CODEC(ZSTD(1)),   -- model.event.EventUser.key
  user_id      String CODEC(ZSTD(1)),
  user_email   String CODEC(ZSTD(1)),
  user_name    String CODEC(ZSTD(1)),
  user_ip      String CODEC(ZSTD(1)),
  tags         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  grouping     LowCardinality(String),
  payload      String CODEC(ZSTD(1)),
  INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_stored stored TYPE minmax GRANULARITY 1,
  PROJECTION hours (
    SELECT project, hash, environment, toStartOfHour(ts), count(), uniqCombinedIf(12)(user, notEmpty(user))
    GROUP BY project, hash, environment, toStartOfHour(ts)
  )
)
ENGINE = {engine}MergeTree
PARTITION BY toDate(ts)
ORDER BY (project, hash, ts)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30,
  lightweight_mutation_projection_mode = 'rebuild', index_granularity_bytes = 4194304,
  materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
  min_parts_to_merge_at_once = 20, max_bytes_to_merge_at_max_space_in_pool = 536870912,
  min_age_to_force_merge_seconds = 7200, min_age_to_force_merge_on_partition_only = 1,
  cleanup_delay_period = 20, cleanup_delay_period_random_add = 5, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS events {on_cluster} ENGINE = Alias('events__local');
