-- CreateTable
CREATE TABLE "attribute" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "resource" TEXT NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "description" TEXT NOT NULL,
    "required" BOOLEAN NOT NULL,
    "display" BOOLEAN NOT NULL,
    "multi" BOOLEAN NOT NULL,
    "allow_empty" BOOLEAN NOT NULL,
    "pattern" TEXT NOT NULL,
    "valid_values" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "attribute_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attribute_value" (
    "id" UUID NOT NULL,
    "attribute_id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "resource" TEXT NOT NULL,
    "target_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,
    "position" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "attribute_value_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "attribute_site_id_id_idx" ON "attribute"("site_id", "id");

-- CreateIndex
CREATE INDEX "attribute_resource_name_id_idx" ON "attribute"("resource", "name", "id");

-- CreateIndex
CREATE UNIQUE INDEX "attribute_site_id_resource_name_key" ON "attribute"("site_id", "resource", "name");

-- CreateIndex
CREATE INDEX "attribute_value_site_id_resource_name_value_target_id_idx" ON "attribute_value"("site_id", "resource", "name", "value", "target_id");

-- CreateIndex
CREATE INDEX "attribute_value_resource_name_value_target_id_idx" ON "attribute_value"("resource", "name", "value", "target_id");

-- CreateIndex
CREATE INDEX "attribute_value_attribute_id_target_id_idx" ON "attribute_value"("attribute_id", "target_id");

-- CreateIndex
CREATE INDEX "attribute_value_site_id_id_idx" ON "attribute_value"("site_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "attribute_value_target_id_attribute_id_value_key" ON "attribute_value"("target_id", "attribute_id", "value");

ALTER TABLE "attribute" ADD CONSTRAINT "attribute_resource_check"
    CHECK ("resource" IN ('DEVICE', 'NETWORK', 'INTERFACE', 'CIRCUIT', 'PROTOCOL'));
ALTER TABLE "attribute_value" ADD CONSTRAINT "attribute_value_resource_check"
    CHECK ("resource" IN ('DEVICE', 'NETWORK', 'INTERFACE', 'CIRCUIT', 'PROTOCOL'));
