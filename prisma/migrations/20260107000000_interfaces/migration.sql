-- CreateTable
CREATE TABLE "network_interface" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "description" TEXT NOT NULL,
    "type" INTEGER NOT NULL,
    "mac_address" TEXT COLLATE "C",
    "speed" INTEGER,
    "parent_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "network_interface_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "assignment" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "interface_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "address_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "assignment_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "network_interface_device_id_name_key" ON "network_interface"("device_id", "name");

-- CreateIndex
CREATE INDEX "network_interface_site_id_id_idx" ON "network_interface"("site_id", "id");

-- CreateIndex
CREATE INDEX "network_interface_parent_id_name_idx" ON "network_interface"("parent_id", "name");

-- CreateIndex
CREATE INDEX "network_interface_mac_address_id_idx" ON "network_interface"("mac_address", "id");

-- CreateIndex
CREATE UNIQUE INDEX "assignment_address_id_device_id_key" ON "assignment"("address_id", "device_id");

-- CreateIndex
CREATE INDEX "assignment_address_id_id_idx" ON "assignment"("address_id", "id");

-- CreateIndex
CREATE INDEX "assignment_interface_id_id_idx" ON "assignment"("interface_id", "id");
