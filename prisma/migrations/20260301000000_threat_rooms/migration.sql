-- CreateTable
CREATE TABLE "taxii_api_root" (
    "id" UUID NOT NULL,
    "slug" TEXT COLLATE "C",
    "title" TEXT COLLATE "C" NOT NULL,
    "description" TEXT,
    "is_default" BOOLEAN NOT NULL,
    "is_public" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "taxii_api_root_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "taxii_collection" (
    "id" UUID NOT NULL,
    "api_root_id" UUID NOT NULL,
    "title" TEXT COLLATE "C" NOT NULL,
    "description" TEXT,
    "alias" TEXT COLLATE "C",
    "is_public" BOOLEAN NOT NULL,
    "is_public_write" BOOLEAN NOT NULL,
    "object_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "taxii_collection_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "taxii_api_root_slug_key" ON "taxii_api_root"("slug");

-- CreateIndex
CREATE INDEX "taxii_api_root_title_id_idx" ON "taxii_api_root"("title", "id");

-- CreateIndex
CREATE INDEX "taxii_collection_title_id_idx" ON "taxii_collection"("title", "id");

-- CreateIndex
CREATE INDEX "taxii_collection_api_root_id_title_id_idx" ON "taxii_collection"("api_root_id", "title", "id");

-- CreateIndex
CREATE UNIQUE INDEX "taxii_collection_api_root_id_alias_key" ON "taxii_collection"("api_root_id", "alias");

CREATE UNIQUE INDEX "taxii_api_root_default_key" ON "taxii_api_root"("is_default") WHERE "is_default";
CREATE INDEX "taxii_collection_open_idx" ON "taxii_collection"("id") WHERE "is_public" OR "is_public_write";

ALTER TABLE "taxii_collection" ADD CONSTRAINT "taxii_collection_object_count_check" CHECK ("object_count" >= 0);
