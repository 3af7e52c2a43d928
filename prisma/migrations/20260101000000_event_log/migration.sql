-- CreateTable
CREATE TABLE "event_log" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" TEXT NOT NULL,
    "head" BIGINT NOT NULL DEFAULT 0,
    "floor" BIGINT NOT NULL DEFAULT 1,
    "settled" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_outbox" (
    "xid" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
    "turn" BIGINT NOT NULL,
    "position" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "subject" TEXT,
    "scope" JSON NOT NULL,
    "facts" TEXT[],
    "account" TEXT,
    "actor" JSON NOT NULL,
    "occurred_at" TIMESTAMPTZ(6) NOT NULL,
    "data" JSON NOT NULL,
    "before" JSON,
    "after" JSON,
    "traceparent" TEXT,
    "tx" UUID NOT NULL,
    "retain" TEXT NOT NULL,
    "truncated" BOOLEAN NOT NULL,

    CONSTRAINT "event_outbox_pkey" PRIMARY KEY ("turn","position")
);

-- CreateTable
CREATE TABLE "event" (
    "sequence" BIGINT NOT NULL,
    "turn" BIGINT NOT NULL,
    "position" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "subject" TEXT,
    "scope" JSON NOT NULL,
    "facts" TEXT[],
    "account" TEXT,
    "actor" JSON NOT NULL,
    "occurred_at" TIMESTAMPTZ(6) NOT NULL,
    "data" JSON NOT NULL,
    "before" JSON,
    "after" JSON,
    "traceparent" TEXT,
    "tx" UUID NOT NULL,
    "retain" TEXT NOT NULL,
    "truncated" BOOLEAN NOT NULL,

    CONSTRAINT "event_pkey" PRIMARY KEY ("sequence")
);

-- CreateIndex
CREATE INDEX "event_outbox_xid_idx" ON "event_outbox"("xid");

-- CreateIndex
CREATE UNIQUE INDEX "event_id_key" ON "event"("id");

-- CreateIndex
CREATE INDEX "event_name_sequence_idx" ON "event"("name", "sequence");

-- CreateIndex
CREATE INDEX "event_subject_sequence_idx" ON "event"("subject", "sequence");

-- CreateIndex
CREATE INDEX "event_account_sequence_idx" ON "event"("account", "sequence");

-- CreateIndex
CREATE INDEX "event_occurred_at_idx" ON "event"("occurred_at");

-- CreateIndex
CREATE INDEX "event_tx_idx" ON "event"("tx");

-- CreateIndex
CREATE INDEX "event_facts_idx" ON "event" USING GIN ("facts");
-- Written by hand from here on.

ALTER TABLE "event_log" ADD CONSTRAINT "event_log_one" CHECK ("id" = 1);

-- Retention looks for the oldest rows that may go; those that stay would be in its way.
CREATE INDEX "event_live_idx" ON "event" ("occurred_at") WHERE "retain" = 'LIVE';

-- Not cached: a number taken later must be higher, whichever connection takes it.
CREATE SEQUENCE "event_turn" AS BIGINT NO CYCLE CACHE 1;

-- Rows pass through the outbox: without this its dead rows would wait for a fifth of a table that is mostly empty.
ALTER TABLE "event_outbox" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Ten random characters of base32. A UUID's bytes 6 and 8 are not wholly random.
CREATE FUNCTION "event_epoch"() RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(substr('abcdefghijklmnopqrstuvwxyz234567', 1 + (get_byte(bytes, byte) & 31), 1), '')
  FROM (SELECT uuid_send(gen_random_uuid()) AS bytes) random, unnest(ARRAY[0, 1, 2, 3, 4, 9, 10, 11, 12, 13]) byte
$$;

INSERT INTO "event_log" ("epoch") VALUES ("event_epoch"());

-- Numbers about `batch` committed rows, in the order of their transactions, and answers how many. A transaction is
-- never cut in two. One caller works at a time; what it numbers follows what the one before it numbered.
CREATE FUNCTION "event_number"("batch" INTEGER) RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  log "event_log";
  low BIGINT;
  moved INTEGER;
BEGIN
  -- A statement of its own: those after it see all that was committed before the lock was granted.
  PERFORM pg_advisory_xact_lock(7104391002);
  SELECT * INTO log FROM "event_log";
  -- Transactions below are over: what they wrote is seen by every later statement.
  low := pg_snapshot_xmin(pg_current_snapshot())::TEXT::BIGINT;
  -- Transaction ids begin anew in a restored database.
  IF log."settled" > low THEN log."settled" := 0; END IF;

  WITH "taken" AS (
    DELETE FROM "event_outbox" WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM "event_outbox" WHERE "xid" >= log."settled"
      ORDER BY "turn" FETCH FIRST "batch" ROWS WITH TIES
    ))
    RETURNING *
  ), "numbered" AS (
    INSERT INTO "event" (
      "sequence", "turn", "position", "id", "name", "subject", "scope", "facts", "account", "actor", "occurred_at",
      "data", "before", "after", "traceparent", "tx", "retain", "truncated"
    )
    SELECT log."head" + row_number() OVER (ORDER BY "turn", "position"),
      "turn", "position", "id", "name", "subject", "scope", "facts", "account", "actor", "occurred_at",
      "data", "before", "after", "traceparent", "tx", "retain", "truncated"
    FROM "taken"
    RETURNING 1
  )
  SELECT count(*) INTO moved FROM "numbered";

  IF moved > 0 THEN
    UPDATE "event_log" SET
      "head" = log."head" + moved,
      "settled" = CASE WHEN moved < "batch" THEN low ELSE log."settled" END;
    PERFORM pg_notify('gatehouse_numbered', '');
  END IF;
  RETURN moved;
END
$$;
