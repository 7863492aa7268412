-- Tables for events and summaries, for ClickHouse 21.8 or newer. docs/fleet.md shows how to fill them.
CREATE DATABASE IF NOT EXISTS twtrace;

-- `twtrace trace --all -o json`, optionally with --ends: one line for each event, one column for each key.
CREATE TABLE IF NOT EXISTS twtrace.events (
    host LowCardinality(String) DEFAULT '',
    type LowCardinality(String),
    time DateTime64(9, 'UTC'),
    stage LowCardinality(Nullable(String)),
    how LowCardinality(Nullable(String)),
    reason LowCardinality(Nullable(String)),
    role LowCardinality(Nullable(String)),
    role_inferred UInt8,
    pid Nullable(UInt32),
    tid Nullable(UInt32),
    ppid Nullable(UInt32),
    parent Nullable(String),
    cmdline Nullable(String),
    comm Nullable(String),
    uid Nullable(UInt32),
    service LowCardinality(Nullable(String)),
    unit LowCardinality(Nullable(String)),
    container LowCardinality(Nullable(String)),
    cgroup Nullable(String),
    netns Nullable(UInt32),
    netns_name Nullable(String),
    family Nullable(UInt8),
    local_addr Nullable(String),
    local_port Nullable(UInt16),
    remote_addr Nullable(String),
    remote_port Nullable(UInt16),
    lifetime_us Nullable(UInt64),
    close_us Nullable(UInt64),
    bytes_sent Nullable(UInt64),
    bytes_received Nullable(UInt64),
    timestamps Nullable(UInt8),
    program LowCardinality(Nullable(String)),
    container_name LowCardinality(Nullable(String)),
    pod Nullable(String),
    pod_namespace LowCardinality(Nullable(String)),
    workload LowCardinality(Nullable(String)),
    remote_service LowCardinality(Nullable(String)),
    remote_name Nullable(String),
    held_us Nullable(UInt64)
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (host, type, time)
TTL toDateTime(time) + INTERVAL 14 DAY;

-- `twtrace summary -i 60 -g service -o json`: one document each minute; groups are kept as JSON text.
CREATE TABLE IF NOT EXISTS twtrace.summaries (
    host LowCardinality(String),
    start DateTime64(9, 'UTC'),
    end DateTime64(9, 'UTC'),
    duration_s Float64,
    totals String,
    accounting String,
    groups String
) ENGINE = MergeTree
PARTITION BY toYYYYMM(end)
ORDER BY (host, end)
TTL toDateTime(end) + INTERVAL 400 DAY;

-- The services that closed most in the last hour, over all hosts.
--   SELECT service, role, count() AS closes, uniq(host) AS hosts, quantile(0.5)(lifetime_us) AS p50_us
--   FROM twtrace.events WHERE type = 'time_wait' AND time > now() - 3600
--   GROUP BY service, role ORDER BY closes DESC LIMIT 20
