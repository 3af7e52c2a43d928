-- CreateTable
CREATE TABLE "inventory_import" (
    "id" UUID NOT NULL,
    "account" UUID,
    "actor" JSON NOT NULL,
    "format" TEXT NOT NULL,
    "dry_run" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "done" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "counts" JSON NOT NULL,
    "warnings" JSON NOT NULL,
    "ignored" JSON NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "finished_at" TIMESTAMPTZ(6),
    "touched_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "inventory_import_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "inventory_import_note" (
    "import_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "row" INTEGER,
    "kind" TEXT NOT NULL,
    "ref" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "path" TEXT[],

    CONSTRAINT "inventory_import_note_pkey" PRIMARY KEY ("import_id","position")
);

-- CreateIndex
CREATE INDEX "inventory_import_account_id_idx" ON "inventory_import"("account", "id");

ALTER TABLE "inventory_import" ADD CONSTRAINT "inventory_import_state_check"
    CHECK ("state" IN ('RUNNING', 'COMPLETED', 'REJECTED', 'FAILED'));

CREATE INDEX "inventory_import_running_idx" ON "inventory_import"("touched_at", "id") WHERE "state" = 'RUNNING';
