-- CreateTable
CREATE TABLE "hook" (
    "id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "owner_id" UUID NOT NULL,
    "event" TEXT COLLATE "C" NOT NULL,
    "target" TEXT COLLATE "C" NOT NULL,
    "target_folded" TEXT COLLATE "C" NOT NULL,
    "target_origin" TEXT COLLATE "C" NOT NULL,
    "global_hook" BOOLEAN NOT NULL,
    "payload" TEXT COLLATE "C" NOT NULL,
    "include_change" BOOLEAN NOT NULL,
    "scope" JSON NOT NULL,
    "subject" TEXT COLLATE "C",
    "ordering" TEXT COLLATE "C" NOT NULL,
    "signing" TEXT COLLATE "C" NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "disabled_reason" TEXT COLLATE "C",
    "breaker_state" TEXT COLLATE "C" NOT NULL,
    "breaker_until" TIMESTAMPTZ(3),
    "breaker_failures" INTEGER NOT NULL,
    "held_until" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "listens_after" BIGINT,
    "etag" TEXT COLLATE "C" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hook_number" (
    "id" INTEGER NOT NULL,
    "last" INTEGER NOT NULL,

    CONSTRAINT "hook_number_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hook_secret" (
    "id" UUID NOT NULL,
    "hook_id" UUID NOT NULL,
    "sealed" TEXT COLLATE "C" NOT NULL,
    "public_key" TEXT COLLATE "C",
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hook_secret_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hook_delivery" (
    "id" UUID NOT NULL,
    "hook_id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "event_name" TEXT COLLATE "C" NOT NULL,
    "sequence" BIGINT NOT NULL,
    "subject" TEXT COLLATE "C",
    "webhook_id" TEXT COLLATE "C" NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "attempt_count" INTEGER NOT NULL,
    "series" INTEGER NOT NULL,
    "next_attempt_at" TIMESTAMPTZ(3),
    "dead_reason" TEXT COLLATE "C",
    "body" TEXT COLLATE "C" NOT NULL,
    "fence" UUID,
    "lease_expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hook_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hook_attempt" (
    "delivery_id" UUID NOT NULL,
    "series" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "status" INTEGER,
    "error" TEXT COLLATE "C",
    "response_excerpt" TEXT COLLATE "C",

    CONSTRAINT "hook_attempt_pkey" PRIMARY KEY ("delivery_id","series","number")
);

-- CreateTable
CREATE TABLE "hook_delivery_count" (
    "state" TEXT COLLATE "C" NOT NULL,
    "deliveries" BIGINT NOT NULL,

    CONSTRAINT "hook_delivery_count_pkey" PRIMARY KEY ("state")
);

-- CreateTable
CREATE TABLE "hook_delivery_count_change" (
    "id" BIGSERIAL NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "deliveries" BIGINT NOT NULL,

    CONSTRAINT "hook_delivery_count_change_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "hook_number_key" ON "hook"("number");

-- CreateIndex
CREATE INDEX "hook_owner_id_id_idx" ON "hook"("owner_id", "id");

-- CreateIndex
CREATE INDEX "hook_secret_hook_id_id_idx" ON "hook_secret"("hook_id", "id");

-- CreateIndex
CREATE INDEX "hook_delivery_hook_id_state_id_idx" ON "hook_delivery"("hook_id", "state", "id");

-- CreateIndex
CREATE INDEX "hook_delivery_hook_id_id_idx" ON "hook_delivery"("hook_id", "id");

-- CreateIndex
CREATE INDEX "hook_delivery_owner_id_state_id_idx" ON "hook_delivery"("owner_id", "state", "id");

-- CreateIndex
CREATE INDEX "hook_delivery_owner_id_id_idx" ON "hook_delivery"("owner_id", "id");

-- CreateIndex
CREATE INDEX "hook_delivery_state_id_idx" ON "hook_delivery"("state", "id");

-- CreateIndex
CREATE INDEX "hook_delivery_created_at_idx" ON "hook_delivery"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "hook_delivery_hook_id_event_id_key" ON "hook_delivery"("hook_id", "event_id");

-- AddForeignKey
ALTER TABLE "hook_secret" ADD CONSTRAINT "hook_secret_hook_id_fkey" FOREIGN KEY ("hook_id") REFERENCES "hook"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hook_attempt" ADD CONSTRAINT "hook_attempt_delivery_id_fkey" FOREIGN KEY ("delivery_id") REFERENCES "hook_delivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Written by hand from here on.

-- One hook of an owner for an event and a target. Targets may be longer than an entry of an index.
CREATE UNIQUE INDEX "hook_key" ON "hook" ("owner_id", "event", md5("target"));

-- Whom an event concerns, by the patterns it fits.
CREATE INDEX "hook_listening_idx" ON "hook" ("event") WHERE "state" = 'ACTIVE';

CREATE INDEX "hook_breaker_idx" ON "hook" ("id") WHERE "breaker_state" <> 'CLOSED';

INSERT INTO "hook_number" ("id", "last") VALUES (1, 0);

-- What a sender looks for: those that are due, in all and hook by hook.
CREATE INDEX "hook_delivery_due_idx" ON "hook_delivery" ("next_attempt_at", "id")
  WHERE "fence" IS NULL AND "state" IN ('PENDING', 'RETRYING');
CREATE INDEX "hook_delivery_hook_due_idx" ON "hook_delivery" ("hook_id", "next_attempt_at", "id")
  WHERE "fence" IS NULL AND "state" IN ('PENDING', 'RETRYING');

-- What goes before an event of a subject.
CREATE INDEX "hook_delivery_subject_idx" ON "hook_delivery" ("hook_id", "subject", "sequence")
  WHERE "state" IN ('PENDING', 'RETRYING');

-- Those under way, the longest lost first, and of one hook.
CREATE INDEX "hook_delivery_lease_idx" ON "hook_delivery" ("lease_expires_at") WHERE "fence" IS NOT NULL;
CREATE INDEX "hook_delivery_out_idx" ON "hook_delivery" ("hook_id") WHERE "fence" IS NOT NULL;

-- What is done with is deleted by when it was.
CREATE INDEX "hook_delivery_dead_idx" ON "hook_delivery" ("updated_at") WHERE "state" = 'DEAD';
CREATE INDEX "hook_delivery_done_idx" ON "hook_delivery" ("updated_at") WHERE "state" IN ('SUCCEEDED', 'CANCELLED');

ALTER TABLE "hook_delivery" SET (fillfactor = 80);
ALTER TABLE "hook_delivery_count_change" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The counters are kept with each change: what a statement added and took away, together.
CREATE FUNCTION "hook_delivery_counted"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO "hook_delivery_count_change" ("state", "deliveries")
    SELECT "state", count(*) FROM "new_rows" GROUP BY 1;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO "hook_delivery_count_change" ("state", "deliveries")
    SELECT "state", -count(*) FROM "old_rows" GROUP BY 1;
  ELSE
    INSERT INTO "hook_delivery_count_change" ("state", "deliveries")
    SELECT "state", sum("sign")
    FROM (SELECT 1 AS "sign", "state" FROM "new_rows" UNION ALL SELECT -1, "state" FROM "old_rows") "rows"
    GROUP BY 1 HAVING sum("sign") <> 0;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER "hook_delivery_inserted" AFTER INSERT ON "hook_delivery" REFERENCING NEW TABLE AS "new_rows"
  FOR EACH STATEMENT EXECUTE FUNCTION "hook_delivery_counted"();
CREATE TRIGGER "hook_delivery_updated" AFTER UPDATE ON "hook_delivery"
  REFERENCING NEW TABLE AS "new_rows" OLD TABLE AS "old_rows"
  FOR EACH STATEMENT EXECUTE FUNCTION "hook_delivery_counted"();
CREATE TRIGGER "hook_delivery_deleted" AFTER DELETE ON "hook_delivery" REFERENCING OLD TABLE AS "old_rows"
  FOR EACH STATEMENT EXECUTE FUNCTION "hook_delivery_counted"();

-- Adds up what has changed, where nobody does so now. Readers see the same sums before and after.
CREATE FUNCTION "hook_delivery_count_settle"() RETURNS VOID LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(7104391013) THEN RETURN; END IF;
  WITH "taken" AS (DELETE FROM "hook_delivery_count_change" RETURNING *)
  INSERT INTO "hook_delivery_count" ("state", "deliveries")
  SELECT "state", sum("deliveries") FROM "taken" GROUP BY 1
  ON CONFLICT ("state") DO UPDATE SET "deliveries" = "hook_delivery_count"."deliveries" + excluded."deliveries";
END
$$;
