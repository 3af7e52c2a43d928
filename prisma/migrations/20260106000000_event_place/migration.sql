-- Events by the place that they name first, such as their site, in the order of the log.
CREATE INDEX "event_place_idx" ON "event" (("facts"[1]), "sequence");
