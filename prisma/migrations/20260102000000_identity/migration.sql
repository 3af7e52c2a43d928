-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_folded" TEXT COLLATE "C" NOT NULL,
    "email" TEXT,
    "kind" TEXT NOT NULL,
    "real_name" TEXT NOT NULL,
    "real_name_folded" TEXT NOT NULL,
    "is_active" BOOLEAN NOT NULL,
    "permissions" TEXT[],
    "roles" UUID[],
    "must_change_password" BOOLEAN NOT NULL,
    "password_hash" TEXT,
    "last_login_at" TIMESTAMPTZ(3),
    "etag" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_handle" (
    "handle" TEXT NOT NULL,
    "account_id" UUID NOT NULL,

    CONSTRAINT "account_handle_pkey" PRIMARY KEY ("handle")
);

-- CreateTable
CREATE TABLE "role" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_folded" TEXT COLLATE "C" NOT NULL,
    "real_name" TEXT NOT NULL,
    "real_name_folded" TEXT NOT NULL,
    "is_active" BOOLEAN NOT NULL,
    "permissions" TEXT[],
    "roles" UUID[],
    "is_built_in" BOOLEAN NOT NULL,
    "etag" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "role_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "token_hash" TEXT NOT NULL,
    "label" TEXT,
    "user_agent" TEXT,
    "address" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "extended_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "key_hash" TEXT NOT NULL,
    "permissions" TEXT[],
    "is_narrowed" BOOLEAN NOT NULL,
    "addresses" TEXT[],
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "throttle" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "since" BIGINT NOT NULL,
    "until" BIGINT NOT NULL,
    "stale_at" BIGINT NOT NULL,

    CONSTRAINT "throttle_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "account_name_folded_id_idx" ON "account"("name_folded", "id");

-- CreateIndex
CREATE INDEX "account_roles_idx" ON "account" USING GIN ("roles");

-- CreateIndex
CREATE INDEX "account_handle_account_id_idx" ON "account_handle"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "role_name_folded_key" ON "role"("name_folded");

-- CreateIndex
CREATE INDEX "role_roles_idx" ON "role" USING GIN ("roles");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_hash_key" ON "session"("token_hash");

-- CreateIndex
CREATE INDEX "session_account_id_id_idx" ON "session"("account_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_key_hash_key" ON "api_key"("key_hash");

-- CreateIndex
CREATE INDEX "api_key_account_id_id_idx" ON "api_key"("account_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_account_id_name_key" ON "api_key"("account_id", "name");

-- CreateIndex
CREATE INDEX "throttle_stale_at_idx" ON "throttle"("stale_at");

-- AddForeignKey
ALTER TABLE "account_handle" ADD CONSTRAINT "account_handle_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
