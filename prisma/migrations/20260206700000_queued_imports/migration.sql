-- CreateTable
CREATE TABLE "inventory_import_order" (
    "import_id" UUID NOT NULL,
    "sealed" TEXT NOT NULL,

    CONSTRAINT "inventory_import_order_pkey" PRIMARY KEY ("import_id")
);

-- An import may wait for a worker.
ALTER TABLE "inventory_import" DROP CONSTRAINT "inventory_import_state_check";
ALTER TABLE "inventory_import" ADD CONSTRAINT "inventory_import_state_check"
  CHECK ("state" IN ('QUEUED', 'RUNNING', 'COMPLETED', 'REJECTED', 'FAILED'));
