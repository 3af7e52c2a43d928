-- CreateTable
CREATE TABLE "stix_object" (
    "id" UUID NOT NULL,
    "collection_id" UUID NOT NULL,
    "stix_id" TEXT COLLATE "C" NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,
    "spec_version" TEXT COLLATE "C" NOT NULL,
    "version" TIMESTAMPTZ(6) NOT NULL,
    "date_added" TIMESTAMPTZ(6) NOT NULL,
    "is_first" BOOLEAN NOT NULL,
    "is_last" BOOLEAN NOT NULL,
    "pattern_error" TEXT,
    "hash" BYTEA NOT NULL,
    "size" INTEGER NOT NULL,
    "body" JSON NOT NULL,

    CONSTRAINT "stix_object_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stix_ledger" (
    "collection_id" UUID NOT NULL,
    "newest" TIMESTAMPTZ(6),

    CONSTRAINT "stix_ledger_pkey" PRIMARY KEY ("collection_id")
);

-- CreateTable
CREATE TABLE "taxii_status" (
    "id" UUID NOT NULL,
    "api_root_id" UUID NOT NULL,
    "collection_id" UUID,
    "owner" UUID,
    "state" TEXT NOT NULL,
    "request_timestamp" TIMESTAMPTZ(6) NOT NULL,
    "touched_at" TIMESTAMPTZ(6) NOT NULL,
    "completed_at" TIMESTAMPTZ(6),
    "total_count" INTEGER NOT NULL,
    "success_count" INTEGER NOT NULL,
    "failure_count" INTEGER NOT NULL,
    "pending_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "taxii_status_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "taxii_status_detail" (
    "status_id" UUID NOT NULL,
    "outcome" TEXT NOT NULL,
    "stix_id" TEXT COLLATE "C" NOT NULL,
    "place" INTEGER NOT NULL,
    "version" TIMESTAMPTZ(6) NOT NULL,
    "message" TEXT,

    CONSTRAINT "taxii_status_detail_pkey" PRIMARY KEY ("status_id","outcome","stix_id","place")
);

-- CreateIndex
CREATE UNIQUE INDEX "stix_object_collection_id_stix_id_version_key" ON "stix_object"("collection_id", "stix_id", "version");

-- CreateIndex
CREATE INDEX "stix_object_collection_id_date_added_stix_id_version_idx" ON "stix_object"("collection_id", "date_added", "stix_id", "version");

-- CreateIndex
CREATE INDEX "taxii_status_api_root_id_id_idx" ON "taxii_status"("api_root_id", "id");

-- CreateIndex
CREATE INDEX "taxii_status_owner_id_idx" ON "taxii_status"("owner", "id");

-- CreateIndex
CREATE INDEX "taxii_status_collection_id_id_idx" ON "taxii_status"("collection_id", "id");

-- CreateIndex
CREATE INDEX "taxii_status_state_touched_at_idx" ON "taxii_status"("state", "touched_at");

-- AddForeignKey
ALTER TABLE "taxii_status_detail" ADD CONSTRAINT "taxii_status_detail_status_id_fkey" FOREIGN KEY ("status_id") REFERENCES "taxii_status"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE INDEX "stix_object_last_idx" ON "stix_object"("collection_id", "date_added", "stix_id", "version") WHERE "is_last";
CREATE INDEX "stix_object_first_idx" ON "stix_object"("collection_id", "date_added", "stix_id", "version") WHERE "is_first";
CREATE INDEX "stix_object_last_of_type_idx" ON "stix_object"("collection_id", "type", "date_added", "stix_id", "version") WHERE "is_last";
CREATE INDEX "stix_object_last_of_spec_idx" ON "stix_object"("collection_id", "spec_version", "date_added", "stix_id", "version") WHERE "is_last";
CREATE INDEX "stix_object_superseded_idx" ON "stix_object"("date_added") WHERE NOT "is_last";
CREATE INDEX "taxii_status_completed_idx" ON "taxii_status"("completed_at") WHERE "state" = 'COMPLETE';

ALTER TABLE "taxii_status" ADD CONSTRAINT "taxii_status_counts_check"
    CHECK ("total_count" = "success_count" + "failure_count" + "pending_count" AND ("state" = 'PENDING' OR "pending_count" = 0));
