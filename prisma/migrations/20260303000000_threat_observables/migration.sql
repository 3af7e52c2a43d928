-- CreateTable
CREATE TABLE "indicator_observable" (
    "id" UUID NOT NULL,
    "collection_id" UUID NOT NULL,
    "stix_id" TEXT COLLATE "C" NOT NULL,
    "object_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "digest" BYTEA NOT NULL,
    "hash_algorithm" TEXT COLLATE "C",
    "cidr" INET,
    "valid_from" TIMESTAMPTZ(6),
    "valid_until" TIMESTAMPTZ(6),
    "revoked" BOOLEAN NOT NULL,

    CONSTRAINT "indicator_observable_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "indicator_observable_digest_kind_id_idx" ON "indicator_observable"("digest", "kind", "id");

-- CreateIndex
CREATE INDEX "indicator_observable_collection_id_id_idx" ON "indicator_observable"("collection_id", "id");

-- Each value of an indicator once; also how its rows are found.
CREATE UNIQUE INDEX "indicator_observable_once_key" ON "indicator_observable"
    ("collection_id", "stix_id", "kind", "hash_algorithm", "digest") NULLS NOT DISTINCT;
-- What lies in a prefix, in order.
CREATE INDEX "indicator_observable_cidr_idx" ON "indicator_observable"("cidr", "id") WHERE "cidr" IS NOT NULL;
-- What covers a prefix. The class is named: it is not the default one, and btree_gist would bring another.
CREATE INDEX "indicator_observable_covering_idx" ON "indicator_observable" USING gist ("cidr" inet_ops)
    WHERE "cidr" IS NOT NULL;

ALTER TABLE "indicator_observable" ADD CONSTRAINT "indicator_observable_cidr_check"
    CHECK (("cidr" IS NOT NULL) = ("kind" IN ('IPV4_ADDR', 'IPV6_ADDR')));
