-- AlterTable
ALTER TABLE "account" ADD COLUMN     "key_version" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "secret_key_hash" TEXT;

-- CreateTable
CREATE TABLE "password_reset" (
    "account_id" UUID NOT NULL,
    "token_hash" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "mailed_at" TIMESTAMPTZ(3)[],

    CONSTRAINT "password_reset_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "password_reset_token_hash_key" ON "password_reset"("token_hash");

-- AddForeignKey
ALTER TABLE "password_reset" ADD CONSTRAINT "password_reset_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
