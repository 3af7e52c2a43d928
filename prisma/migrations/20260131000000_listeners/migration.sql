-- CreateTable
CREATE TABLE "listener" (
    "name" TEXT NOT NULL,
    "place" BIGINT NOT NULL,

    CONSTRAINT "listener_pkey" PRIMARY KEY ("name")
);
