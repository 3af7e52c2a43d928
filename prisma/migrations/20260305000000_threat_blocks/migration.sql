-- CreateTable
CREATE TABLE "content_block" (
    "id" UUID NOT NULL,
    "timestamp_label" TIMESTAMPTZ(6) NOT NULL,
    "binding" TEXT COLLATE "C",
    "subtype" TEXT COLLATE "C",
    "content" TEXT NOT NULL,
    "content_is_xml" BOOLEAN NOT NULL,
    "message" TEXT,
    "inbox_message_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "content_block_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "content_block_attachment" (
    "block_id" UUID NOT NULL,
    "data_collection_id" UUID NOT NULL,
    "timestamp_label" TIMESTAMPTZ(6) NOT NULL,
    "binding" TEXT COLLATE "C",
    "subtype" TEXT COLLATE "C",
    "bytes" INTEGER NOT NULL,

    CONSTRAINT "content_block_attachment_pkey" PRIMARY KEY ("block_id","data_collection_id")
);

-- CreateTable
CREATE TABLE "inbox_message" (
    "id" UUID NOT NULL,
    "service" TEXT COLLATE "C" NOT NULL,
    "message_id" TEXT NOT NULL,
    "content_block_count" INTEGER NOT NULL,
    "stored_block_count" INTEGER NOT NULL,
    "destination_collections" TEXT[],
    "collection_taxii_ids" UUID[],
    "result_id" TEXT,
    "record_count" BIGINT,
    "partial_count" BOOLEAN NOT NULL,
    "source" JSONB,
    "has_raw" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "inbox_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "inbox_message_raw" (
    "message_id" UUID NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "inbox_message_raw_pkey" PRIMARY KEY ("message_id")
);

-- CreateTable
CREATE TABLE "result_set" (
    "id" UUID NOT NULL,
    "data_collection_id" UUID NOT NULL,
    "wanted" JSONB NOT NULL,
    "begin_label" TIMESTAMPTZ(6),
    "end_label" TIMESTAMPTZ(6) NOT NULL,
    "end_stated" BOOLEAN NOT NULL,
    "part_size" INTEGER NOT NULL,
    "max_result_count" INTEGER NOT NULL,
    "subscription_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "result_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "result_set_part" (
    "result_set_id" UUID NOT NULL,
    "part" INTEGER NOT NULL,
    "timestamp_label" TIMESTAMPTZ(6) NOT NULL,
    "block_id" UUID NOT NULL,

    CONSTRAINT "result_set_part_pkey" PRIMARY KEY ("result_set_id","part")
);

-- CreateTable
CREATE TABLE "collection_subscription" (
    "id" UUID NOT NULL,
    "data_collection_id" UUID NOT NULL,
    "collection_taxii_id" UUID NOT NULL,
    "service_id" UUID NOT NULL,
    "owner_id" UUID,
    "status" TEXT NOT NULL,
    "response_type" TEXT NOT NULL,
    "content_bindings" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "collection_subscription_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "content_block_inbox_message_id_id_idx" ON "content_block"("inbox_message_id", "id");

-- CreateIndex
CREATE INDEX "content_block_created_at_id_idx" ON "content_block"("created_at", "id");

-- CreateIndex
CREATE INDEX "inbox_message_service_id_idx" ON "inbox_message"("service", "id");

-- CreateIndex
CREATE INDEX "inbox_message_created_at_id_idx" ON "inbox_message"("created_at", "id");

-- CreateIndex
CREATE INDEX "result_set_expires_at_id_idx" ON "result_set"("expires_at", "id");

-- CreateIndex
CREATE INDEX "result_set_data_collection_id_idx" ON "result_set"("data_collection_id");

-- CreateIndex
CREATE INDEX "collection_subscription_data_collection_id_id_idx" ON "collection_subscription"("data_collection_id", "id");

-- CreateIndex
CREATE INDEX "collection_subscription_service_id_id_idx" ON "collection_subscription"("service_id", "id");

-- CreateIndex
CREATE INDEX "collection_subscription_owner_id_id_idx" ON "collection_subscription"("owner_id", "id");

-- CreateIndex
CREATE INDEX "collection_subscription_status_updated_at_id_idx" ON "collection_subscription"("status", "updated_at", "id");

-- AddForeignKey
ALTER TABLE "content_block_attachment" ADD CONSTRAINT "content_block_attachment_block_id_fkey" FOREIGN KEY ("block_id") REFERENCES "content_block"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "inbox_message_raw" ADD CONSTRAINT "inbox_message_raw_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "inbox_message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "result_set_part" ADD CONSTRAINT "result_set_part_result_set_id_fkey" FOREIGN KEY ("result_set_id") REFERENCES "result_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What polls look for is all in the index: they walk it from one place to the next, whatever the contents weigh.
CREATE INDEX "content_block_attachment_window_idx" ON "content_block_attachment"("data_collection_id", "timestamp_label", "block_id")
    INCLUDE ("binding", "subtype", "bytes");
ALTER TABLE "collection_subscription" ADD CONSTRAINT "collection_subscription_status_check"
    CHECK ("status" IN ('ACTIVE', 'PAUSED', 'UNSUBSCRIBED') AND "response_type" IN ('FULL', 'COUNT_ONLY'));
