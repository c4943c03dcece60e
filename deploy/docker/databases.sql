-- A schema for each service, and a user who may use that schema alone. No statement joins two schemas.
-- `databases.sh` sets the passwords. Running it again changes them. In a grant, `_` without `\` would mean any letter.
CREATE DATABASE IF NOT EXISTS auth_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS order_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS payment_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS sync_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

EXECUTE IMMEDIATE CONCAT('CREATE OR REPLACE USER `auth`@`%` IDENTIFIED BY ', QUOTE(@auth_password));
EXECUTE IMMEDIATE CONCAT('CREATE OR REPLACE USER `order`@`%` IDENTIFIED BY ', QUOTE(@order_password));
EXECUTE IMMEDIATE CONCAT('CREATE OR REPLACE USER `payment`@`%` IDENTIFIED BY ', QUOTE(@payment_password));
EXECUTE IMMEDIATE CONCAT('CREATE OR REPLACE USER `hub`@`%` IDENTIFIED BY ', QUOTE(@hub_password));

GRANT ALL PRIVILEGES ON `auth\_db`.* TO `auth`@`%`;
GRANT ALL PRIVILEGES ON `order\_db`.* TO `order`@`%`;
GRANT ALL PRIVILEGES ON `payment\_db`.* TO `payment`@`%`;
GRANT ALL PRIVILEGES ON `sync\_db`.* TO `hub`@`%`;
