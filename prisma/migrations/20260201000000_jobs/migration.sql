-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "args" JSON NOT NULL,
    "args_hash" TEXT,
    "state" TEXT COLLATE "C" NOT NULL,
    "attempts" INTEGER NOT NULL,
    "priority" INTEGER NOT NULL,
    "force" BOOLEAN NOT NULL,
    "max_parallel" INTEGER,
    "pinned_worker" TEXT,
    "defer_time" INTEGER NOT NULL,
    "defer_max" INTEGER NOT NULL,
    "error_time" INTEGER NOT NULL,
    "wall_time" INTEGER,
    "on_wall_time" TEXT NOT NULL,
    "zombie_time" INTEGER NOT NULL,
    "progress_interval" INTEGER NOT NULL,
    "on_lost" TEXT NOT NULL,
    "attempts_left" INTEGER NOT NULL,
    "trial" INTEGER NOT NULL,
    "progress_value" DOUBLE PRECISION,
    "progress_message" TEXT,
    "enqueued_at" TIMESTAMPTZ(3) NOT NULL,
    "enqueued_account" UUID,
    "enqueued_name" TEXT NOT NULL,
    "enqueued_name_folded" TEXT COLLATE "C" NOT NULL,
    "enqueued_host" TEXT,
    "parent_id" UUID,
    "child_id" UUID,
    "lease_worker" TEXT,
    "fence" UUID,
    "lease_at" TIMESTAMPTZ(3),
    "lease_expires_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "query_at" TIMESTAMPTZ(3),
    "inactive_at" TIMESTAMPTZ(3),
    "runtime" DOUBLE PRECISION NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3),
    "zombie_at" TIMESTAMPTZ(3),
    "wall_at" TIMESTAMPTZ(3),
    "killed_at" TIMESTAMPTZ(3),
    "removed_at" TIMESTAMPTZ(3),
    "last_error" JSON,
    "sources" TEXT[],
    "log_count" INTEGER NOT NULL,

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_journal" (
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "args" JSON NOT NULL,
    "args_hash" TEXT,
    "state" TEXT COLLATE "C" NOT NULL,
    "attempts" INTEGER NOT NULL,
    "priority" INTEGER NOT NULL,
    "force" BOOLEAN NOT NULL,
    "max_parallel" INTEGER,
    "pinned_worker" TEXT,
    "defer_time" INTEGER NOT NULL,
    "defer_max" INTEGER NOT NULL,
    "error_time" INTEGER NOT NULL,
    "wall_time" INTEGER,
    "on_wall_time" TEXT NOT NULL,
    "zombie_time" INTEGER NOT NULL,
    "progress_interval" INTEGER NOT NULL,
    "on_lost" TEXT NOT NULL,
    "attempts_left" INTEGER NOT NULL,
    "trial" INTEGER NOT NULL,
    "progress_value" DOUBLE PRECISION,
    "progress_message" TEXT,
    "enqueued_at" TIMESTAMPTZ(3) NOT NULL,
    "enqueued_account" UUID,
    "enqueued_name" TEXT NOT NULL,
    "enqueued_name_folded" TEXT COLLATE "C" NOT NULL,
    "enqueued_host" TEXT,
    "parent_id" UUID,
    "child_id" UUID,
    "lease_worker" TEXT,
    "fence" UUID,
    "lease_at" TIMESTAMPTZ(3),
    "lease_expires_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "query_at" TIMESTAMPTZ(3),
    "inactive_at" TIMESTAMPTZ(3),
    "runtime" DOUBLE PRECISION NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3),
    "zombie_at" TIMESTAMPTZ(3),
    "wall_at" TIMESTAMPTZ(3),
    "killed_at" TIMESTAMPTZ(3),
    "removed_at" TIMESTAMPTZ(3),
    "last_error" JSON,
    "sources" TEXT[],
    "log_count" INTEGER NOT NULL,

    CONSTRAINT "job_journal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_count" (
    "name" TEXT COLLATE "C" NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "zombie" BOOLEAN NOT NULL,
    "wall" BOOLEAN NOT NULL,
    "removed" BOOLEAN NOT NULL,
    "killed" BOOLEAN NOT NULL,
    "jobs" BIGINT NOT NULL,
    "progress" DECIMAL(20,6) NOT NULL,

    CONSTRAINT "job_count_pkey" PRIMARY KEY ("name","state","zombie","wall","removed","killed")
);

-- CreateTable
CREATE TABLE "job_count_change" (
    "id" BIGSERIAL NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "zombie" BOOLEAN NOT NULL,
    "wall" BOOLEAN NOT NULL,
    "removed" BOOLEAN NOT NULL,
    "killed" BOOLEAN NOT NULL,
    "jobs" BIGINT NOT NULL,
    "progress" DECIMAL(20,6) NOT NULL,

    CONSTRAINT "job_count_change_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_log_line" (
    "job_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "level" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "exception" TEXT,

    CONSTRAINT "job_log_line_pkey" PRIMARY KEY ("job_id","number")
);

-- CreateTable
CREATE TABLE "job_output" (
    "job_id" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "job_output_pkey" PRIMARY KEY ("job_id")
);

-- CreateTable
CREATE TABLE "job_cookie" (
    "name" TEXT COLLATE "C" NOT NULL,
    "key" TEXT NOT NULL,
    "value" JSON NOT NULL,

    CONSTRAINT "job_cookie_pkey" PRIMARY KEY ("name","key")
);

-- CreateTable
CREATE TABLE "job_class" (
    "name" TEXT COLLATE "C" NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "job_class_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "queue_sample" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "pending" INTEGER NOT NULL,
    "deferred" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "running" INTEGER NOT NULL,
    "error" INTEGER NOT NULL,
    "inactive" INTEGER NOT NULL,
    "killed" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,

    CONSTRAINT "queue_sample_pkey" PRIMARY KEY ("at")
);

-- CreateIndex
CREATE INDEX "job_name_state_idx" ON "job"("name", "state");

-- CreateIndex
CREATE INDEX "job_state_id_idx" ON "job"("state", "id");

-- CreateIndex
CREATE INDEX "job_journal_name_id_idx" ON "job_journal"("name", "id");

-- CreateIndex
CREATE INDEX "job_journal_state_id_idx" ON "job_journal"("state", "id");

-- CreateIndex
CREATE INDEX "job_output_at_idx" ON "job_output"("at");
-- Written by hand from here on.

-- One job of a name with the same arguments in the queue, whatever its state; one without any.
CREATE UNIQUE INDEX "job_key" ON "job" ("name", "args_hash") NULLS NOT DISTINCT;

-- What a worker looks for, in the order in which it takes it. A job that waits for its time is not among it: those that
-- are due lose their time first.
CREATE INDEX "job_claim_idx" ON "job" ("force" DESC, "priority" DESC, "id")
  WHERE "fence" IS NULL AND "query_at" IS NULL AND "state" IN ('PENDING', 'FAILED', 'DEFERRED');

-- The same name by name, for when many in front may not start; and whether a name has any that may start beside so many.
CREATE INDEX "job_claim_name_idx" ON "job" ("name", "force" DESC, "priority" DESC, "id")
  WHERE "fence" IS NULL AND "query_at" IS NULL AND "state" IN ('PENDING', 'FAILED', 'DEFERRED');
CREATE INDEX "job_parallel_idx" ON "job" ("name", (coalesce("max_parallel", 2147483647)))
  WHERE "fence" IS NULL AND "query_at" IS NULL AND "state" IN ('PENDING', 'FAILED', 'DEFERRED');

-- Running jobs, the longest lost first.
CREATE INDEX "job_lease_idx" ON "job" ("lease_expires_at") WHERE "fence" IS NOT NULL;

-- Waiting jobs by when they are due.
CREATE INDEX "job_due_idx" ON "job" ("query_at")
  WHERE "query_at" IS NOT NULL AND "state" IN ('PENDING', 'FAILED', 'DEFERRED');

-- The journal is trimmed by when jobs ended. One that was removed before it ran has no end of its own.
CREATE INDEX "job_journal_ended_idx" ON "job_journal" ((coalesce("finished_at", "removed_at")));

-- Rows change often and soon leave.
ALTER TABLE "job" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE "job_count_change" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The counters are kept with each change of the queue: what a statement added and took away, together.
CREATE FUNCTION "job_counted"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO "job_count_change" ("name", "state", "zombie", "wall", "removed", "killed", "jobs", "progress")
    SELECT "name", "state", "zombie_at" IS NOT NULL, "wall_at" IS NOT NULL, "removed_at" IS NOT NULL,
      "killed_at" IS NOT NULL, count(*), sum(round(coalesce("progress_value", 0)::numeric, 6))
    FROM "new_rows" GROUP BY 1, 2, 3, 4, 5, 6;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO "job_count_change" ("name", "state", "zombie", "wall", "removed", "killed", "jobs", "progress")
    SELECT "name", "state", "zombie_at" IS NOT NULL, "wall_at" IS NOT NULL, "removed_at" IS NOT NULL,
      "killed_at" IS NOT NULL, -count(*), -sum(round(coalesce("progress_value", 0)::numeric, 6))
    FROM "old_rows" GROUP BY 1, 2, 3, 4, 5, 6;
  ELSE
    INSERT INTO "job_count_change" ("name", "state", "zombie", "wall", "removed", "killed", "jobs", "progress")
    SELECT "name", "state", "zombie_at" IS NOT NULL, "wall_at" IS NOT NULL, "removed_at" IS NOT NULL,
      "killed_at" IS NOT NULL, sum("sign"), sum("sign" * round(coalesce("progress_value", 0)::numeric, 6))
    FROM (SELECT 1 AS "sign", * FROM "new_rows" UNION ALL SELECT -1, * FROM "old_rows") "rows"
    GROUP BY 1, 2, 3, 4, 5, 6
    HAVING sum("sign") <> 0 OR sum("sign" * round(coalesce("progress_value", 0)::numeric, 6)) <> 0;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER "job_inserted" AFTER INSERT ON "job" REFERENCING NEW TABLE AS "new_rows"
  FOR EACH STATEMENT EXECUTE FUNCTION "job_counted"();
CREATE TRIGGER "job_updated" AFTER UPDATE ON "job" REFERENCING NEW TABLE AS "new_rows" OLD TABLE AS "old_rows"
  FOR EACH STATEMENT EXECUTE FUNCTION "job_counted"();
CREATE TRIGGER "job_deleted" AFTER DELETE ON "job" REFERENCING OLD TABLE AS "old_rows"
  FOR EACH STATEMENT EXECUTE FUNCTION "job_counted"();

-- Adds up what has changed, where nobody does so now. Readers see the same sums before and after.
CREATE FUNCTION "job_count_settle"() RETURNS VOID LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(7104391011) THEN RETURN; END IF;
  WITH "taken" AS (DELETE FROM "job_count_change" RETURNING *)
  INSERT INTO "job_count" ("name", "state", "zombie", "wall", "removed", "killed", "jobs", "progress")
  SELECT "name", "state", "zombie", "wall", "removed", "killed", sum("jobs"), sum("progress")
  FROM "taken" GROUP BY 1, 2, 3, 4, 5, 6
  ON CONFLICT ("name", "state", "zombie", "wall", "removed", "killed") DO UPDATE SET
    "jobs" = "job_count"."jobs" + excluded."jobs", "progress" = "job_count"."progress" + excluded."progress";
END
$$;
