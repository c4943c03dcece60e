-- What is booked stays booked: the database itself refuses to change or to remove a journal or a posting. A mistake is
-- mended by another journal.
-- A server that writes a binary log lets only its administrators make triggers, unless it runs with
-- log_bin_trust_function_creators = 1.
CREATE TRIGGER journals_not_changed BEFORE UPDATE ON journals FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER journals_not_removed BEFORE DELETE ON journals FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER transactions_not_changed BEFORE UPDATE ON transactions FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
CREATE TRIGGER transactions_not_removed BEFORE DELETE ON transactions FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bookings are never changed';
