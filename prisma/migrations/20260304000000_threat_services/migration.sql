-- CreateTable
CREATE TABLE "taxii_service" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "service_id" TEXT COLLATE "C" NOT NULL,
    "address" TEXT NOT NULL,
    "path" TEXT COLLATE "C",
    "description" TEXT,
    "protocol_bindings" TEXT[],
    "available" BOOLEAN NOT NULL,
    "authentication_required" BOOLEAN NOT NULL,
    "base_url" TEXT,
    "own" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "taxii_service_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "data_collection" (
    "id" UUID NOT NULL,
    "taxii_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "type" TEXT NOT NULL,
    "description" TEXT,
    "accept_all_content" BOOLEAN NOT NULL,
    "supported_content" JSONB NOT NULL,
    "available" BOOLEAN NOT NULL,
    "volume" INTEGER NOT NULL CHECK ("volume" >= 0),
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "data_collection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "data_collection_service" (
    "data_collection_id" UUID NOT NULL,
    "service_id" UUID NOT NULL,

    CONSTRAINT "data_collection_service_pkey" PRIMARY KEY ("data_collection_id","service_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "taxii_service_service_id_key" ON "taxii_service"("service_id");

-- CreateIndex
CREATE UNIQUE INDEX "taxii_service_path_key" ON "taxii_service"("path");

-- CreateIndex
CREATE UNIQUE INDEX "data_collection_taxii_id_key" ON "data_collection"("taxii_id");

-- CreateIndex
CREATE UNIQUE INDEX "data_collection_name_key" ON "data_collection"("name");

-- CreateIndex
CREATE INDEX "data_collection_service_service_id_idx" ON "data_collection_service"("service_id");

-- AddForeignKey
ALTER TABLE "data_collection_service" ADD CONSTRAINT "data_collection_service_data_collection_id_fkey" FOREIGN KEY ("data_collection_id") REFERENCES "data_collection"("id") ON DELETE CASCADE ON UPDATE CASCADE;
