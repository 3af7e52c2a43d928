-- AlterTable
ALTER TABLE "job" ADD COLUMN     "enqueued_narrowed_to" TEXT[];

-- AlterTable
ALTER TABLE "job_journal" ADD COLUMN     "enqueued_narrowed_to" TEXT[];
