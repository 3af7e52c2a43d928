-- CreateTable
CREATE TABLE "site" (
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "description" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "site_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "hostname" TEXT COLLATE "C" NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "device_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "network" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "cidr" INET NOT NULL,
    "state" TEXT NOT NULL,
    "parent_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "network_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "site_name_key" ON "site"("name");

-- CreateIndex
CREATE INDEX "device_site_id_id_idx" ON "device"("site_id", "id");

-- CreateIndex
CREATE INDEX "network_site_id_id_idx" ON "network"("site_id", "id");

-- CreateIndex
CREATE INDEX "network_site_id_parent_id_cidr_idx" ON "network"("site_id", "parent_id", "cidr");

-- CreateIndex
CREATE INDEX "network_cidr_id_idx" ON "network"("cidr", "id");

-- CreateIndex
CREATE UNIQUE INDEX "network_site_id_cidr_key" ON "network"("site_id", "cidr");

-- lower() folds A-Z alone under the collation of the column, as DNS does.
CREATE UNIQUE INDEX "device_site_id_hostname_key" ON "device"("site_id", lower("hostname"));
CREATE INDEX "device_hostname_id_idx" ON "device"(lower("hostname"), "id");

ALTER TABLE "network" ADD CONSTRAINT "network_cidr_check" CHECK (host(network("cidr")) = host("cidr"));
ALTER TABLE "network" ADD CONSTRAINT "network_state_check"
    CHECK ("state" IN ('ALLOCATED', 'ASSIGNED', 'RESERVED', 'ORPHANED'));

-- What holds a prefix. The class is named: it is not the default one, and btree_gist would bring another.
CREATE INDEX "network_cidr_holding_idx" ON "network" USING gist ("cidr" inet_ops);
-- Roots in their order: an IS NULL does not let the index on parents give it.
CREATE INDEX "network_root_idx" ON "network"("site_id", "cidr", "id") WHERE "parent_id" IS NULL;
CREATE INDEX "network_reserved_idx" ON "network"("site_id", "cidr") WHERE "state" = 'RESERVED';
