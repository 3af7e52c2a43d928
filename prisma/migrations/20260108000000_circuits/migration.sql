-- CreateTable
CREATE TABLE "protocol_type" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "description" TEXT NOT NULL,
    "required_attribute_ids" UUID[],
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "protocol_type_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "circuit" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "name_slug" TEXT COLLATE "C" NOT NULL,
    "endpoint_a" UUID NOT NULL,
    "device_a" UUID NOT NULL,
    "endpoint_z" UUID,
    "device_z" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "circuit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "circuit_end" (
    "interface_id" UUID NOT NULL,
    "circuit_id" UUID NOT NULL,
    "side" TEXT NOT NULL,

    CONSTRAINT "circuit_end_pkey" PRIMARY KEY ("interface_id")
);

-- CreateTable
CREATE TABLE "protocol" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "type_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "interface_id" UUID,
    "circuit_id" UUID,
    "description" TEXT NOT NULL,
    "auth_string" TEXT,
    "auth_string_revision" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "protocol_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "protocol_type_site_id_id_idx" ON "protocol_type"("site_id", "id");

-- CreateIndex
CREATE INDEX "protocol_type_name_id_idx" ON "protocol_type"("name", "id");

-- CreateIndex
CREATE INDEX "protocol_type_required_attribute_ids_idx" ON "protocol_type" USING GIN ("required_attribute_ids");

-- CreateIndex
CREATE UNIQUE INDEX "protocol_type_site_id_name_key" ON "protocol_type"("site_id", "name");

-- CreateIndex
CREATE INDEX "circuit_site_id_id_idx" ON "circuit"("site_id", "id");

-- CreateIndex
CREATE INDEX "circuit_name_slug_id_idx" ON "circuit"("name_slug", "id");

-- CreateIndex
CREATE INDEX "circuit_name_id_idx" ON "circuit"("name", "id");

-- CreateIndex
CREATE INDEX "circuit_device_a_id_idx" ON "circuit"("device_a", "id");

-- CreateIndex
CREATE INDEX "circuit_device_z_id_idx" ON "circuit"("device_z", "id");

-- CreateIndex
CREATE UNIQUE INDEX "circuit_site_id_name_key" ON "circuit"("site_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "circuit_site_id_name_slug_key" ON "circuit"("site_id", "name_slug");

-- CreateIndex
CREATE UNIQUE INDEX "circuit_end_circuit_id_side_key" ON "circuit_end"("circuit_id", "side");

-- CreateIndex
CREATE INDEX "protocol_site_id_id_idx" ON "protocol"("site_id", "id");

-- CreateIndex
CREATE INDEX "protocol_type_id_id_idx" ON "protocol"("type_id", "id");

-- CreateIndex
CREATE INDEX "protocol_device_id_id_idx" ON "protocol"("device_id", "id");

-- CreateIndex
CREATE INDEX "protocol_interface_id_id_idx" ON "protocol"("interface_id", "id");

-- CreateIndex
CREATE INDEX "protocol_circuit_id_id_idx" ON "protocol"("circuit_id", "id");

ALTER TABLE "circuit" ADD CONSTRAINT "circuit_ends_check"
    CHECK (("endpoint_z" IS NULL) = ("device_z" IS NULL) AND "endpoint_a" IS DISTINCT FROM "endpoint_z");
ALTER TABLE "circuit_end" ADD CONSTRAINT "circuit_end_side_check" CHECK ("side" IN ('A', 'Z'));
