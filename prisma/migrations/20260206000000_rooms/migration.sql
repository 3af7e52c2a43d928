-- CreateTable
CREATE TABLE "store_document" (
    "id" UUID NOT NULL,
    "path" TEXT COLLATE "C" NOT NULL,
    "parent" TEXT,
    "segments" TEXT[] COLLATE "C",
    "body" JSONB NOT NULL,
    "etag" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "store_document_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setting" (
    "account_id" UUID NOT NULL,
    "value" JSONB NOT NULL,
    "etag" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "setting_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "store_document_path_key" ON "store_document"("path");

-- CreateIndex
CREATE INDEX "store_document_parent_path_idx" ON "store_document"("parent", "path");

-- CreateIndex
CREATE INDEX "store_document_segments_idx" ON "store_document"("segments");

-- AddForeignKey
ALTER TABLE "setting" ADD CONSTRAINT "setting_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
