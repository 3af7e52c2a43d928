-- CreateTable
CREATE TABLE "access_token" (
    "account_id" UUID NOT NULL,
    "account_name" TEXT NOT NULL,
    "protocol" TEXT NOT NULL,
    "databases" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "access_token_pkey" PRIMARY KEY ("account_id","protocol")
);
