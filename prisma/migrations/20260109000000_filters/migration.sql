-- DropIndex
DROP INDEX "attribute_resource_name_id_idx";

-- CreateIndex
CREATE INDEX "attribute_name_resource_id_idx" ON "attribute"("name", "resource", "id");

-- CreateIndex
CREATE INDEX "attribute_value_value_id_idx" ON "attribute_value"("value", "id");

-- CreateIndex
CREATE INDEX "network_state_site_id_id_idx" ON "network"("state", "site_id", "id");

-- CreateIndex
CREATE INDEX "network_interface_name_id_idx" ON "network_interface"("name", "id");

-- CreateIndex
CREATE INDEX "network_interface_type_id_idx" ON "network_interface"("type", "id");

-- CreateIndex
CREATE INDEX "network_interface_speed_id_idx" ON "network_interface"("speed", "id");

CREATE INDEX "network_length_idx" ON "network"(masklen("cidr"), "site_id", "id");

-- Most things have no description, and nobody looks for the ones without.
CREATE INDEX "network_interface_description_idx" ON "network_interface"("description", "id") WHERE "description" <> '';
CREATE INDEX "protocol_description_idx" ON "protocol"("description", "id") WHERE "description" <> '';
CREATE INDEX "protocol_type_description_idx" ON "protocol_type"("description", "id") WHERE "description" <> '';
