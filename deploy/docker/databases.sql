-- A schema for each service, and a user who may use that schema alone. No statement joins two schemas.
-- `databases.sh` sets the passwords. Running it again changes them. In a grant, `_` without `\` would mean any letter.
-- Each statement runs on MariaDB and on MySQL alike.
CREATE DATABASE IF NOT EXISTS auth_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS order_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS payment_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS sync_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE USER IF NOT EXISTS `auth`@`%`;
SET @change = CONCAT('ALTER USER `auth`@`%` IDENTIFIED BY ', QUOTE(@auth_password));
PREPARE change_password FROM @change;
EXECUTE change_password;
CREATE USER IF NOT EXISTS `order`@`%`;
SET @change = CONCAT('ALTER USER `order`@`%` IDENTIFIED BY ', QUOTE(@order_password));
PREPARE change_password FROM @change;
EXECUTE change_password;
CREATE USER IF NOT EXISTS `payment`@`%`;
SET @change = CONCAT('ALTER USER `payment`@`%` IDENTIFIED BY ', QUOTE(@payment_password));
PREPARE change_password FROM @change;
EXECUTE change_password;
CREATE USER IF NOT EXISTS `hub`@`%`;
SET @change = CONCAT('ALTER USER `hub`@`%` IDENTIFIED BY ', QUOTE(@hub_password));
PREPARE change_password FROM @change;
EXECUTE change_password;
DEALLOCATE PREPARE change_password;

GRANT ALL PRIVILEGES ON `auth\_db`.* TO `auth`@`%`;
GRANT ALL PRIVILEGES ON `order\_db`.* TO `order`@`%`;
GRANT ALL PRIVILEGES ON `payment\_db`.* TO `payment`@`%`;
GRANT ALL PRIVILEGES ON `sync\_db`.* TO `hub`@`%`;
